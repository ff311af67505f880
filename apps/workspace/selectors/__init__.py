"""What the workspace reads."""
