"""Conditions and mappings: CEL, with only the referenced variables passed in and every size bounded."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import cel

MAX_TEXT = 2_000
MAX_CONTEXT = 256_000
MAX_RESULT = 64_000
FUNCTIONS = frozenset({
    "size", "contains", "startsWith", "endsWith", "matches", "string", "int", "uint", "double", "bool", "bytes", "type", "has", "min", "max",
    "duration", "timestamp", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getHours", "getMinutes", "getSeconds",
    "all", "exists", "exists_one", "map", "filter",
})  # fmt: skip


class ExpressionError(Exception):
    """The expression cannot be read, or not be evaluated with these variables. The text says why."""


@functools.lru_cache(maxsize=512)
def compiled(text: str) -> Any:
    """The program. Raises ExpressionError for text that is too long, cannot be parsed, or calls a function that does not exist."""
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"longer than {MAX_TEXT} characters")
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise ExpressionError(str(error).splitlines()[0]) from error
    unknown = sorted(name for name in program.functions() if name[0].isalpha() and name not in FUNCTIONS)
    if unknown:
        raise ExpressionError(f"unknown function {', '.join(unknown)}")
    return program


def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    """The value. Raises ExpressionError, also for a variable that is not there."""
    program = compiled(text)
    context = {name: variables[name] for name in program.variables() if name in variables}
    if len(json.dumps(context, default=str)) > MAX_CONTEXT:
        raise ExpressionError("the variables it refers to are too large")
    try:
        value = program.execute(context)
    except Exception as error:  # the library raises RuntimeError, KeyError, TypeError, ValueError alike
        raise ExpressionError(f"{text}: {str(error).splitlines()[0] if str(error) else type(error).__name__}") from error
    if len(json.dumps(value, default=str)) > MAX_RESULT:
        raise ExpressionError("the result is too large")
    return value


def holds(text: str, variables: Mapping[str, Any]) -> bool:
    """A condition's answer. Anything but true or false is an error: a number that happens to be there must not open a way."""
    value = evaluate(text, variables)
    if not isinstance(value, bool):
        raise ExpressionError(f"{text}: is {type(value).__name__}, not true or false")
    return value
