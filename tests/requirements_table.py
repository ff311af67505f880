"""Table of requirements: which tests show each, and how they ended last. Reads the marks from the sources and the results of the last run."""

from __future__ import annotations

import ast
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent
RESULTS = ROOT.parent / "var" / "test" / "requirements.json"


def marks_of(node: ast.AST) -> list[str]:
    """Ids in `@pytest.mark.req(...)` decorators (or a module's `pytestmark`)."""
    found: list[str] = []
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "req":
            found += [argument.value for argument in call.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
    return found


def collect() -> dict[str, list[str]]:
    """Requirement -> names of tests."""
    table: dict[str, list[str]] = {}
    for path in sorted(ROOT.rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
                for decorator in node.decorator_list:
                    for requirement in marks_of(decorator):
                        table.setdefault(requirement, []).append(f"{path.relative_to(ROOT.parent)}::{node.name}")
    return table


def main() -> None:
    table = collect()
    results: dict[str, str] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    order = sorted(table, key=lambda name: (name[0], int("".join(c for c in name if c.isdigit()) or 0)))
    for requirement in order:
        print(requirement)
        for test in table[requirement]:
            print(f"    {results.get(test, 'not run'):8} {test}")


if __name__ == "__main__":
    main()
