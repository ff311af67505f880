"""The board over a million facts (PF-7)."""
