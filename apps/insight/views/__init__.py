"""Pages of the management board."""
