"""The workspace's widgets for the home page, by what they are about."""

from apps.workspace.widgets import crm, erp, own

__all__ = ["crm", "erp", "own"]
