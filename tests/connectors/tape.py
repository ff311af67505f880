"""What two systems said to each other, kept as readable JSON: one file for each step of a scenario.

A tape records (in front of the running system) or plays (in front of nothing). Playing is strict: a connector that asks something else than was
recorded fails at that question. Moments and days are moved to the same ones at each recording, so that a new one shows what really changed.
"""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import re
from collections.abc import Callable, Iterable
from typing import Any

from tests.connectors.line import Answer, Ask, Behind

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
DAY = dt.date(2026, 11, 23)  # what the day of recording becomes
BEGIN = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)  # what the first moment becomes; each later one is a second more
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
DATE = re.compile(r"(?<![\d-])\d{4}-\d\d-\d\d(?![\d-]|[T ]\d\d:)")
Json = dict[str, Any]


class Tape:
    """`steps`: name -> exchanges. `facts`: what the scenario had to find out or make by other means than the connector."""

    def __init__(self, connector: str, behind: Behind | None = None) -> None:
        self.connector, self._behind = connector, behind
        self.steps: dict[str, list[Json]] = {}
        self.facts: dict[str, Any] = {}
        self._now: list[Json] = []
        self._at = 0
        if behind is None:
            self.facts = json.loads((FIXTURES / connector / "facts.json").read_text())
            for path in sorted((FIXTURES / connector).glob("[0-9]*.json")):
                kept = json.loads(path.read_text())
                self.steps[kept["step"]] = kept["exchanges"]

    @property
    def records(self) -> bool:
        return self._behind is not None

    def begin(self, step: str) -> None:
        """What is asked from now on belongs to this step."""
        self._now, self._at = self.steps.setdefault(step, []), 0

    def rest(self) -> list[Json]:
        """What was recorded of this step and not asked."""
        return [] if self.records else [exchange["ask"] for exchange in self._now[self._at :]]

    def fact(self, name: str, find: Callable[[], Any]) -> Any:
        if self.records and name not in self.facts:
            self.facts[name] = find()
        return self.facts[name]

    def answer(self, ask: Ask) -> Answer:
        """Stands behind a line."""
        asked = {"method": ask.method, "target": ask.target, "body": ask.json()}
        key = ask.headers.get("idempotency-key")
        if key:
            asked["idempotency_key"] = key
        if self._behind is not None:
            answer = self._behind(ask)
            self._now.append({"ask": asked, "answer": {"status": answer.status, "headers": dict(answer.headers), "body": _readable(answer)}})
            return answer
        wanted = self._now[self._at] if self._at < len(self._now) else None
        if wanted is None or wanted["ask"] != asked:
            words = {"asked": asked, "recorded": wanted and wanted["ask"], "cure": "if that is wanted: python -m tests.connectors.record"}
            return Answer(599, json.dumps({"error": {"code": "not_recorded", "message": str(words)}, "detail": str(words)}).encode())
        self._at += 1
        kept = wanted["answer"]
        body = kept["body"] if isinstance(kept["body"], str) else json.dumps(kept["body"], ensure_ascii=False)
        return Answer(kept["status"], body.encode(), kept["headers"])

    def write(self, *, secrets: Iterable[str]) -> None:
        """Replace the files of this connector. Raises ValueError when a secret would stand in one."""
        clean = _scrubbed({"steps": self.steps, "facts": self.facts}, secrets)
        folder = FIXTURES / self.connector
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.json"):
            path.unlink()
        (folder / "facts.json").write_text(_pretty(clean["facts"]))
        for number, (step, exchanges) in enumerate(clean["steps"].items(), 1):
            (folder / f"{number:02d}_{step}.json").write_text(_pretty({"step": step, "exchanges": exchanges}))


def _readable(answer: Answer) -> Any:
    try:
        return _short(json.loads(answer.body.decode()))
    except ValueError:
        return answer.body.decode()


def _short(value: Any) -> Any:
    """Long lists of choices ([code, label] each), which the CRM sends with each record, keep their first two: nothing reads them."""
    if isinstance(value, dict):
        return {name: _short(part) for name, part in value.items()}
    if isinstance(value, list):
        if len(value) > 5 and all(isinstance(part, list) and len(part) == 2 for part in value):
            return value[:2]
        return [_short(part) for part in value]
    return value


def _pretty(value: Any, indent: str = "") -> str:
    """JSON for people: what fits on one line stays on it."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + len(indent) <= 150 or not isinstance(value, dict | list) or not value:
        return flat + ("" if indent else "\n")
    deeper = indent + " "
    if isinstance(value, dict):
        parts = [f"{deeper}{json.dumps(name, ensure_ascii=False)}: {_pretty(part, deeper)}" for name, part in value.items()]
        found = "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    else:
        found = "[\n" + ",\n".join(deeper + _pretty(part, deeper) for part in value) + f"\n{indent}]"
    return found + ("" if indent else "\n")


def _scrubbed(value: Json, secrets: Iterable[str]) -> Json:
    text = json.dumps(value, ensure_ascii=False).replace(value["facts"]["run"], "00000000")
    shift = DAY - dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    names = {one: BEGIN + dt.timedelta(seconds=number) for number, one in enumerate(sorted({_parsed(one) for one in MOMENT.findall(text)}))}
    text = DATE.sub(lambda found: (dt.date.fromisoformat(found[0]) + shift).isoformat(), text)
    text = MOMENT.sub(lambda found: _as(found[0], names[_parsed(found[0])]), text)
    text = re.sub(r"(ticket=)[\w-]+", r"\1…", text)
    for secret in secrets:
        if secret and secret in text:
            raise ValueError("a secret stands in what was recorded: extend the scrubbing")
    found: Json = json.loads(text)
    return found


def _parsed(text: str) -> dt.datetime:
    found = dt.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _as(before: str, moment: dt.datetime) -> str:
    """In the form that the system uses: with or without a zone."""
    plain = moment.replace(tzinfo=None).isoformat(timespec="microseconds" if "." in before else "seconds")
    plain = plain.replace("T", before[10])
    zone = re.search(r"(Z|[+-]\d\d:\d\d)$", before[19:])
    return plain + ("" if zone is None else "Z" if zone[0] == "Z" else "+00:00")


# --- shapes -----------------------------------------------------------------------------------------------------------------------------------


def shape(value: Any) -> Any:
    """Keys and types. A list: the shapes that occur in it. Numbers are one type, and so are null and a value: what may be empty is told by `merged`."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list):
        found: Any = None
        for part in value:
            found = merged(found, shape(part))
        return [found]
    if value is None:
        return None
    return {bool: "bool", int: "number", float: "number", str: "text"}[type(value)]


def merged(one: Any, other: Any) -> Any:
    """What is seen in either: null gives way to a value."""
    if one is None or one == other:
        return other
    if other is None:
        return one
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: merged(one.get(name), other.get(name)) for name in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [merged(one[0], other[0])]
    return f"{one} or {other}"


def differences(recorded: Any, now: Any, where: str = "") -> list[str]:
    """How two shapes differ; null on either side fits everything."""
    if recorded is None or now is None or recorded == now:
        return []
    if isinstance(recorded, dict) and isinstance(now, dict):
        found = [f"{where}.{name}: gone" for name in recorded if name not in now] + [f"{where}.{name}: new" for name in now if name not in recorded]
        return found + [line for name in recorded if name in now for line in differences(recorded[name], now[name], f"{where}.{name}")]
    if isinstance(recorded, list) and isinstance(now, list):
        return differences(recorded[0], now[0], f"{where}[]")
    return [f"{where}: was {recorded}, is {now}"]


# Objects whose names are data: what stands in them differs from record to record.
OPEN = {"custom_fields", "ageing", "changed", "data"}
IDENT = re.compile(r"/(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d+)(?=/|$)")


def shapes(tape: Tape) -> dict[str, Any]:
    """By kind of question and status: the shape of its answers, all of one kind merged."""
    found: dict[str, Any] = {}
    for exchange in (one for exchanges in tape.steps.values() for one in exchanges):
        ask, answer = exchange["ask"], exchange["answer"]
        command = (ask["body"] or {}).get("command", "") if ask["method"] == "POST" else ""
        kind = f"{ask['method']} {IDENT.sub('/{id}', ask['target'].partition('?')[0])} {command} {answer['status']}"
        found[kind] = merged(found.get(kind), _closed(shape(answer["body"])))
    return found


def _closed(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: "open" if name in OPEN and part is not None else _closed(part) for name, part in found.items()}
    return [_closed(part) for part in found] if isinstance(found, list) else found


def statuses(tape: Tape) -> dict[str, list[int]]:
    """By step; how many pages a load has depends on the data and is not told."""
    return {
        step: sorted({one["answer"]["status"] for one in exchanges}) if step.startswith(("load_", "feed")) else [o["answer"]["status"] for o in exchanges]
        for step, exchanges in tape.steps.items()
    }
