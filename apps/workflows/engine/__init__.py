"""The process engine without a database: BPMN reader and checks, expressions, timers, the token machine, the decision card."""
