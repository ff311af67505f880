"""The process file: it is in the subset, and its words are in the catalogs."""

import datetime as dt
import re

import pytest

from apps.business import definitions
from apps.workflows import services as workflows
from apps.workflows.engine import reader


def test_every_word_of_the_process_file_is_known_to_the_catalogs() -> None:
    names = set(re.findall(r'<bpmn:(?!message)[A-Za-z]+ [^>]*?\bname="([^"]+)"', definitions.sales_order()))
    phases = set(re.findall(r'atrium:phase="([^"]+)"', definitions.sales_order()))
    assert (names | phases) - set(definitions.WORDS) == set()


@pytest.mark.django_db
def test_the_process_file_is_published_as_it_is(clock: dt.datetime) -> None:
    published = workflows.deploy(xml=definitions.sales_order(), now=clock)
    assert (published.key, published.version, published.name) == ("sales_order", 1, "Sales order")


def test_the_process_file_names_the_watched_facts() -> None:
    process, problems = reader.read(definitions.sales_order())
    assert process is not None and problems == []
    watches = {watch.fact: watch.when for watch in process.nodes["approve"].watches}
    assert watches == {
        "customer": "always",
        "lines": "always",
        "amount": "always",
        "currency": "always",
        "terms": "always",
        "stock": "turns:short",
        "receivable": "crosses",
    }
