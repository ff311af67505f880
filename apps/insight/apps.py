from django.apps import AppConfig


class InsightConfig(AppConfig):
    name = "apps.insight"
    label = "insight"

    def ready(self) -> None:
        from apps.core.access import register_resource

        register_resource("insight.board", actions={"view", "arrange", "share"})
        register_resource("insight.customer_data", actions={"view", "export", "consent"})
        register_resource("insight.export", actions={"data", "image", "print"})
        register_resource("insight.flow", actions={"view"})
        register_resource("insight.note", actions={"view", "create"})
        register_resource("insight.token", actions={"view", "create"})
        register_resource("insight.target", actions={"view", "manage"})
