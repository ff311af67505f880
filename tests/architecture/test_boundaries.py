"""What the import contracts cannot say: which modules of an app others may see, where importlib may be used, that no file is a giant."""

import pathlib
import re

import grimp
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OPEN_TO_OTHERS = {"services", "selectors", "events", "kinds", "registry", "sdk", "urls", "routing", "api", "contract", "canonical"}
OPEN_APPS = {"core"}  # the leaf: everything in it is for everybody
ENTRY_POINTS = {"devtools"}  # never installed in production; the seed calls services, checks the tiers of connectors


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("apps", "portal", cache_dir=None)


def app_of(module: str) -> str:
    return module.split(".")[1]


def test_other_apps_are_reached_through_their_public_modules_only(graph: grimp.ImportGraph) -> None:
    wrong = []
    for importer in graph.modules:
        if not importer.startswith("apps.") or importer.count(".") < 2:
            continue
        for imported in graph.find_modules_directly_imported_by(importer):
            parts = imported.split(".")
            if parts[0] != "apps" or len(parts) < 3 or app_of(imported) == app_of(importer) or app_of(imported) in OPEN_APPS:
                continue
            if parts[2] not in OPEN_TO_OTHERS:
                wrong.append(f"{importer} -> {imported}")
    assert wrong == []


def test_importlib_is_used_in_the_registry_alone() -> None:
    users = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "apps").rglob("*.py")
        if re.search(r"importlib\.import_module|__import__\(", path.read_text())
    ]
    assert users == ["apps/integrations/registry.py"]


def test_no_module_is_longer_than_450_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("apps", "portal", "stack")
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and "portal_bridge" not in str(path) and "crm" not in path.parts[len(ROOT.parts) : len(ROOT.parts) + 2]
        if (lines := len(path.read_text().splitlines())) > 450
    }
    assert long == {}
