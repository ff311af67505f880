"""The supervisor of Atrium's two ways to run: `demo` (embedded) and `stack` (the real systems). Standard library only."""
