from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "apps.records"
    label = "records"

    def ready(self) -> None:
        from apps.core.access import register_resource
        from apps.records import policies

        for kind, resource in policies.RESOURCES.items():
            register_resource(resource, actions=policies.ACTIONS.get(kind, {"view"}), fields=policies.fields_of(kind))
