"""Pages of the message center."""
