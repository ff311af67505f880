from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The composition root stands last in INSTALLED_APPS: every app is ready when it discovers their kinds, widgets, tasks and handlers."""

    name = "portal"

    def ready(self) -> None:
        from apps.core.discovery import discover
        from portal import checks  # noqa: F401

        discover()
