"""Pages of OA's own documents, one module for each subject."""
