"""A small ERP and a small CRM as own processes: the second vendor of each kind, for the demo and for tests.

They know nothing of the portal and share no code with its connectors. Standard library only, so that they start at once.
"""
