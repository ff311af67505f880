from django.apps import AppConfig

VISIT = {
    **dict.fromkeys(("number", "customer_id", "customer", "visitor", "companions", "starts_at", "ends_at", "place", "purpose", "state"), "internal"),
    **dict.fromkeys(("approver", "approved_at", "reason", "reported_at", "follow_up_id", "business_key", "created_at"), "internal"),
    "report": "confidential",
}


class BusinessConfig(AppConfig):
    name = "apps.business"
    label = "business"

    def ready(self) -> None:
        from apps.core.access import register_resource

        register_resource("business.template", actions={"view", "manage"})
        register_resource("business.announcement", actions={"view", "manage"})
        register_resource("business.calendar", actions={"view", "edit"})
        register_resource("business.circulation", actions={"view", "create"})
        register_resource("business.visit", actions={"view", "create"}, fields=VISIT)
