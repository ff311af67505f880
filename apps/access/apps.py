from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "apps.access"
    label = "access"

    def ready(self) -> None:
        from apps.access.selectors import Provider
        from apps.core import access

        access.fill(Provider())
        access.register_resource("access.role", actions={"view", "manage"})
        # Two that have no app of their own above them to say so.
        access.register_resource("core.api", actions={"view"})
        access.register_resource("audit.entry", actions={"view"})
