"""The sandbox CRM: clients, deals with positions, follow-ups; REST, a change feed, webhooks, and a small page."""
