from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "apps.workflows"
    label = "workflows"

    def ready(self) -> None:
        from apps.core.access import register_resource
        from apps.workflows import adapters  # noqa: F401 - its decorator plugs the decider in

        register_resource("workflows.task", actions={"view", "act"})
        register_resource("workflows.instance", actions={"view", "repair", "reassign"})
