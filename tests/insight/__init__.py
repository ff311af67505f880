"""The board: facts, sums, figures."""
