from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "apps.identity"
    label = "identity"

    def ready(self) -> None:
        from apps.core import access, sessions
        from apps.identity import selectors

        sessions.fill(selectors.is_alive)
        access.register_resource("identity.profile", actions={"view", "edit"})
