from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    name = "apps.workspace"
    label = "workspace"

    def ready(self) -> None:
        from apps.core.access import register_resource

        register_resource("workspace.home", actions={"view"})
        register_resource("workspace.layout", actions={"manage"})
        register_resource("workspace.search", actions={"view"})
