"""One module per system: how it is installed, configured, started and made fresh."""
