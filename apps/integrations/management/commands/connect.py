"""`manage.py connect`: make the connections that the environment names and begin their first load."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core import clock
from apps.integrations import services


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        try:
            connections = services.connect_from_env(now=now)
        except (services.UnableToConnect, LookupError) as error:
            raise CommandError(str(error)) from error
        if not connections:
            raise CommandError("ATRIUM_MODE names no connections: set it to demo or stack.")
        for connection in connections:
            begun = services.first_load(connection_key=connection.key, now=now)
            self.stdout.write(f"{connection.key}: {connection.connector_id}, {'first load begun' if begun else 'known already'}")
