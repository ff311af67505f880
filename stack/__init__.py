"""The supervisor of the two ways to run: `demo` (embedded), `stack` (the real systems). Standard library only."""
