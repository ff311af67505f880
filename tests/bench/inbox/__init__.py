"""The message center: what a long inbox costs."""
