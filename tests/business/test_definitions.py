"""The process file: it is in the subset, and its words are in the catalogs."""

import re

from apps.business import definitions


def test_every_word_of_the_process_file_is_known_to_the_catalogs() -> None:
    names = set(re.findall(r'<bpmn:(?!message)[A-Za-z]+ [^>]*?\bname="([^"]+)"', definitions.sales_order()))
    assert names - set(definitions.WORDS) == set()
