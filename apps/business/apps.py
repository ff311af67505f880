from django.apps import AppConfig


class BusinessConfig(AppConfig):
    name = "apps.business"
    label = "business"

    def ready(self) -> None:
        from apps.core.access import register_resource

        register_resource("business.template", actions={"view", "manage"})
