"""The process engine without a database: BPMN reader, checks, expressions, timers, token machine, decision card."""
