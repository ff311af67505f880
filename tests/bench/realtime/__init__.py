"""PF-1 to PF-5: notifications to browsers."""
