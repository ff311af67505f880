"""A browser for the journeys."""

from tests.browser.conftest import chromium  # noqa: F401
