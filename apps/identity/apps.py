from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "apps.identity"
    label = "identity"

    def ready(self) -> None:
        from apps.core import access, sessions
        from apps.identity import selectors
        from apps.identity.adapters import accounts  # noqa: F401 - receivers of sign-in and sign-out

        sessions.fill(selectors.alive_among)
        access.register_resource("identity.profile", actions={"view", "edit"})
