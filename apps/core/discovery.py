"""Imports of conventional modules of all installed apps, once, at start."""

from django.utils.module_loading import autodiscover_modules

DISCOVERED = ("kinds", "widgets", "kpis", "tasks", "handlers", "permissions")


def discover() -> None:
    """Import `<app>.<name>` for each conventional name that exists, so that their decorators register. Called by the composition root."""
    autodiscover_modules(*DISCOVERED)
