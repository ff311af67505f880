"""The workspace's widgets for the home page, by what they are about."""

from apps.workspace.widgets import crm, erp, live, own

__all__ = ["crm", "erp", "live", "own"]
