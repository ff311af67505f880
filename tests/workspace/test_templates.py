"""Rules every template keeps: the strict policy, known icons, complete Chinese words, vendored files as locked."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import pytest

from tests.support import words

ROOT = words.ROOT
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static/js").rglob("*.js"))
FORBIDDEN = {
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "style element": re.compile(r"<style[\s>]", re.I),
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I),
    "event attribute": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "htmx code": re.compile(r"hx-on|=\"js:|javascript:", re.I),
    "foreign source": re.compile(r"(?:src|href)=\"(?:https?:)?//", re.I),
}
ICON_TAG = re.compile(r"""{%\s*icon\s+["']([a-z0-9-]+)["']""")
ICON_OTHER = re.compile(r"""icon_name=["']([a-z0-9-]+)["']|{%\s*pill\s+[^%]*\s["']([a-z0-9-]+)["']\s*%}""")


@pytest.mark.req("I12")
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_keeps_the_strict_policy(path: pathlib.Path) -> None:
    text = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", path.read_text(), flags=re.S)
    found = {name: match.group(0)[:80] for name, rule in FORBIDDEN.items() if (match := rule.search(text))}
    assert found == {}


def test_icons_used_are_in_the_sprite() -> None:
    names = set((ROOT / "static/vendor/icons.txt").read_text().split())
    used: dict[str, str] = {}
    for path in TEMPLATES:
        text = path.read_text()
        for match in [*ICON_TAG.finditer(text), *ICON_OTHER.finditer(text)]:
            used[next(group for group in match.groups() if group)] = path.name
    tones = {"ok", "warn", "danger", "info", "acc", "line"}
    assert {name: where for name, where in used.items() if name not in names | tones} == {}


def test_icons_named_in_code_are_in_the_sprite() -> None:
    names = set((ROOT / "static/vendor/icons.txt").read_text().split())
    wanted = {}
    for path in (ROOT / "apps").rglob("*.py"):
        for name in re.findall(r"""\bicon(?:\s*:\s*str)?\s*=\s*["']([a-z0-9-]+)["']""", path.read_text()):
            wanted[name] = str(path.relative_to(ROOT))
    assert {name: where for name, where in wanted.items() if name not in names} == {}


def test_vendored_files_are_as_locked() -> None:
    done = subprocess.run([sys.executable, "stack/vendor.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_evaluate_no_text(path: pathlib.Path) -> None:
    assert re.findall(r"\beval\(|new Function\(|\.innerHTML\s*=|document\.write", path.read_text()) == []


@pytest.mark.req("I12")
@pytest.mark.parametrize("area", words.areas())
def test_every_text_has_its_chinese(area: str) -> None:
    assert words.missing(area) == []
