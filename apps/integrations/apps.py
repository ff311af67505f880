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
            fields={
                **dict.fromkeys(("name", "problems", "owner", "state", "tries", "created_at", "closed_at", "closed_by", "reason"), "internal"),
                "owner_email": "private",
            },
        )
