"""PF-6: the home page over slow outside systems."""
