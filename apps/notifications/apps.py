from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "apps.notifications"
    label = "notifications"

    def ready(self) -> None:
        from apps.core import access
        from apps.identity.registry import name_ways, way_in
        from apps.notifications import selectors
        from apps.notifications.channels import chat
        from apps.notifications.services import arrivals
        from apps.realtime import registry

        access.register_resource("notifications.notification", actions={"view"})
        access.register_resource("notifications.channel", actions={"manage"})
        name_ways(chat.NAMES)
        way_in(arrivals.ways)
        registry.fresh("todo")(lambda people: {person: {"count": count} for person, count in selectors.todo_counts(people).items()})
