"""Pure rules: periods, and what a record says in facts."""
