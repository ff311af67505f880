from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    label = "notifications"

    def ready(self) -> None:
        from apps.core import access
        from apps.notifications import selectors
        from apps.realtime import registry

        access.register_resource("notifications.notification", actions={"view"})
        access.register_resource("notifications.channel", actions={"manage"})
        registry.fresh("todo")(lambda people: {person: {"count": count} for person, count in selectors.todo_counts(people).items()})
