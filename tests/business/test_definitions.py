"""The process file: it is in the subset, and its words are in the catalogs."""

import datetime as dt
import re

import pytest

from apps.business import definitions
from apps.workflows import services as workflows


def test_every_word_of_the_process_file_is_known_to_the_catalogs() -> None:
    names = set(re.findall(r'<bpmn:(?!message)[A-Za-z]+ [^>]*?\bname="([^"]+)"', definitions.sales_order()))
    assert names - set(definitions.WORDS) == set()


@pytest.mark.django_db
def test_the_process_file_is_published_as_it_is(clock: dt.datetime) -> None:
    published = workflows.deploy(xml=definitions.sales_order(), now=clock)
    assert (published.key, published.version, published.name) == ("sales_order", 1, "Sales order")
