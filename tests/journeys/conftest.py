"""A browser, and the two ways the portal runs."""

from tests.browser.conftest import chromium  # noqa: F401
from tests.support.stack import demo, demo_soap, real_stack  # noqa: F401
