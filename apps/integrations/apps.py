from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "apps.integrations"
    label = "integrations"

    def ready(self) -> None:
        from apps.core.access import register_resource

        register_resource("integrations.connection", actions={"view", "manage"})
        register_resource(
            "integrations.quarantine",
            actions={"view", "cure"},
            fields={"name": "internal", "problems": "internal", "owner": "internal", "owner_email": "private", "state": "internal"},
        )
