"""Pages of the workspace, one module for each subject."""
