"""Pages of tasks and cases, one module for each subject."""
