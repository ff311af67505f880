"""The sales loop has no pages of its own yet: its card and timeline are those of workflows."""

from typing import Any

urlpatterns: list[Any] = []
