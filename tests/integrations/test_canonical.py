"""What an outside system says of a record is not believed further than it can harm."""

import pytest

from apps.integrations.canonical import Customer


@pytest.mark.req("S8")
@pytest.mark.parametrize(("url", "kept"), [
    ("https://crm.example/1", "https://crm.example/1"), ("http://localhost:1/x", "http://localhost:1/x"), ("", ""), ("javascript:alert(1)", ""),
    ("JavaScript:alert(1)", ""), (" https://crm.example", ""), ("data:text/html,x", ""), ("//evil.example", ""), ("file:///etc/passwd", ""),
])  # fmt: skip
def test_only_a_web_address_becomes_a_link(url: str, kept: str) -> None:
    assert Customer(external_id="1", name="x", url=url).url == kept
