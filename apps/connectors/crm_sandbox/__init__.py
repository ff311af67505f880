"""The sandbox CRM: the second vendor, over REST."""
