"""Pages of tasks and cases."""

from typing import Any

urlpatterns: list[Any] = []
