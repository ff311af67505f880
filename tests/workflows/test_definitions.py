"""What may be published, and what is refused with the element named."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from apps.workflows import registry
from apps.workflows.engine import checks, process
from tests.workflows import build as b

KNOWN = checks.Known({"test.a", "test.b"}, {"test.boss"}, {"test.card"})


def problems(xml: str) -> list[tuple[str, str]]:
    _process, found = checks.compile_file(xml, KNOWN)
    return [(problem.element, problem.message) for problem in found]


def test_a_file_of_the_subset_compiles_and_survives_json() -> None:
    xml = b.process(
        b.user("approve"),
        b.boundary("late", "approve", b.every("R3/PT1H"), interrupting=False),
        b.service("remind", "test.b"),
        '<bpmn:endEvent id="reminded"/>',
        b.boundary("gone", "approve", b.on_message("withdrawn")),
        '<bpmn:endEvent id="over"/>',
        b.xor("g", "f_no"),
        b.flow("g", "fork", 'outcome == "APPROVED"'),
        b.flow("g", "end", key="f_no"),
        b.both("fork"),
        b.both("join"),
        b.service(
            "a",
            "test.a",
            '<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>'
            '<zeebe:ioMapping><zeebe:input source="=order.total" target="total"/></zeebe:ioMapping>',
        ),
        b.boundary("err", "a", b.on_error("BAD")),
        '<bpmn:endEvent id="failed"><bpmn:errorEventDefinition errorRef="BAD"/></bpmn:endEvent>',
        b.catch("shipped", "shipped"),
        b.timer("pause", "PT10S"),
        b.line("start", "approve", "g"),
        b.line("late", "remind", "reminded"),
        b.line("gone", "over"),
        b.line("fork", "a", "join"),
        b.line("fork", "shipped", "join"),
        b.line("join", "pause", "end"),
        b.line("err", "failed"),
        '<bpmn:endEvent id="end"/>',
        messages=("withdrawn", "shipped"),
        errors=("BAD",),
    )
    compiled, found = checks.compile_file(xml, KNOWN)
    assert [problem.message for problem in found] == []
    assert compiled is not None
    assert process.from_json(process.to_json(compiled)) == compiled
    assert compiled.nodes["a"].headers == {"k": "v"}
    assert compiled.nodes["a"].inputs == {"total": "order.total"}
    assert compiled.nodes["a"].boundaries == ("err",)
    assert [(watch.fact, watch.when) for watch in compiled.nodes["approve"].watches] == [
        ("amount", "always"),
        ("stock", "turns:short"),
        ("limit", "crosses"),
    ]


def test_the_sales_process_of_this_repository_is_accepted() -> None:
    xml = pathlib.Path("apps/business/definitions/sales_order.bpmn").read_text()
    known = checks.Known(registry.SERVICE_TASKS, registry.CANDIDATES, registry.CARDS)
    compiled, found = checks.compile_file(xml, known)
    assert found == []
    assert compiled is not None
    assert compiled.key == "sales_order"


LINE = b.line("start", "a", "end")
REFUSED: dict[str, tuple[str, str, str]] = {
    "script task": ('<bpmn:scriptTask id="x"/>' + b.line("start", "x", "end"), "x", "scriptTask is not supported"),
    "sub-process": ('<bpmn:subProcess id="x"/>' + b.line("start", "x", "end"), "x", "subProcess is not supported"),
    "inclusive gateway": ('<bpmn:inclusiveGateway id="x"/>' + b.line("start", "x", "end"), "x", "inclusiveGateway is not supported"),
    "signal": (
        '<bpmn:intermediateCatchEvent id="x"><bpmn:signalEventDefinition/></bpmn:intermediateCatchEvent>' + b.line("start", "x", "end"),
        "x",
        "of this sort (signalEventDefinition)",
    ),
    "multi-instance": (b.service("a", "test.a", more="<bpmn:multiInstanceLoopCharacteristics/>") + LINE, "a", "multiInstanceLoopCharacteristics"),
    "unknown topic": (b.service("a", "test.nobody") + LINE, "a", "topic test.nobody"),
    "no topic": ('<bpmn:serviceTask id="a"/>' + LINE, "a", "names no topic"),
    "unknown rule": (b.user("a", 'atrium:candidates="who"') + LINE, "a", "no rule who"),
    "unknown card": (b.user("a", 'atrium:candidates="test.boss" atrium:card="what"') + LINE, "a", "no decision card what"),
    "unknown watch": (b.user("a", 'atrium:candidates="test.boss" atrium:card="test.card" atrium:watch="x:sometimes"') + LINE, "a", "watch rule of x"),
    "condition nobody can read": (
        b.xor("g", "f") + b.flow("g", "end", "amount &gt;", key="c") + b.flow("g", "end", key="f") + b.line("start", "g"),
        "c",
        "Syntax error",
    ),
    "condition that calls what is not there": (
        b.xor("g", "f") + b.flow("g", "end", "open('/etc/passwd')", key="c") + b.flow("g", "end", key="f") + b.line("start", "g"),
        "c",
        "unknown function open",
    ),
    "way without condition": (
        b.xor("g") + b.flow("g", "end", key="c") + b.flow("g", "end", "true", key="f") + b.line("start", "g"),
        "c",
        "needs a condition",
    ),
    "condition where it has no effect": (
        b.service("a", "test.a") + b.line("start", "a") + b.flow("a", "end", "true", key="f"),
        "f",
        "no effect here",
    ),
    "unreachable": (b.service("a", "test.a") + b.service("x", "test.b") + LINE + b.line("x", "end"), "x", "No way leads here"),
    "dead end": (b.service("a", "test.a") + b.line("start", "a") + '<bpmn:endEvent id="end"/>', "a", "exactly one way out"),
    "implicit split": (b.service("a", "test.a") + LINE + b.flow("a", "end", key="again"), "a", "exactly one way out"),
    "join that waits for ever": (
        b.xor("g", "f_g_j2")
        + b.flow("g", "a", "true", key="c")
        + b.flow("g", "j", key="f_g_j2")
        + b.service("a", "test.a")
        + b.line("a", "j", "end")
        + b.both("j")
        + b.line("start", "g"),
        "j",
        "can wait for ever",
    ),
    "two tokens on one way": (
        b.both("fork")
        + b.service("a", "test.a")
        + b.service("c", "test.b")
        + b.service("m", "test.b")
        + b.line("start", "fork", "a", "m", "end")
        + b.line("fork", "c", "m"),
        "m",
        "Two tokens can meet",
    ),
    "loop without a wait": (
        b.xor("g", "f_out")
        + b.xor("h")
        + b.line("start", "g")
        + b.flow("g", "h", "true", key="c")
        + b.flow("h", "g")
        + b.flow("g", "end", key="f_out"),
        "g",
        "no step at which it waits",
    ),
    "side path into the main path": (
        b.user("a")
        + b.boundary("t", "a", b.after("PT1H"), interrupting=False)
        + b.service("c", "test.a")
        + b.line("start", "a", "c", "end")
        + b.line("t", "c"),
        "t",
        "runs into the main path at c",
    ),
    "timer that interrupts a service task": (
        b.service("a", "test.a") + LINE + b.boundary("t", "a", b.after("PT1H")) + b.line("t", "end"),
        "t",
        "cannot interrupt a service task",
    ),
    "error event on a user task": (b.user("a") + LINE + b.boundary("t", "a", b.on_error()) + b.line("t", "end"), "t", "belongs on a service task"),
    "wrong time": (b.timer("a", "one hour") + LINE, "a", "not a duration"),
    "endless cycle": (
        b.user("a") + LINE + b.boundary("t", "a", b.every("R/PT1H"), False) + '<bpmn:endEvent id="e2"/><bpmn:endEvent id="end"/>' + b.line("t", "e2"),
        "t",
        "bounded cycle",
    ),
    "message without a name": (b.catch("a", "nobody") + LINE, "a", "names no message"),
    "flow to nowhere": (b.service("a", "test.a") + LINE + '<bpmn:sequenceFlow id="f" sourceRef="a" targetRef="gone"/>', "f", "does not join"),
}


@pytest.mark.req("P2", "P3")
@pytest.mark.parametrize("_case", REFUSED)
def test_what_is_outside_the_subset_is_refused_with_the_element_named(_case: str) -> None:
    body, element, words = REFUSED[_case]
    xml = b.process(body, errors=("BAD",), messages=("m",))
    compiled, found = checks.compile_file(xml, KNOWN)
    assert compiled is None
    assert any(problem.element == element and words in problem.message for problem in found), found


@pytest.mark.parametrize("text", ["", "<a/>", "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", b.HEAD + "</bpmn:definitions>"])
def test_a_file_that_is_no_process_is_refused(text: str) -> None:
    assert problems(text)[0][0] == ""


@pytest.mark.django_db
def test_a_new_content_is_a_new_version_and_the_same_content_is_not(world: Any, begin: Any, clock: Any) -> None:
    from apps.workflows import services

    one = services.deploy(xml=b.process(b.service("a", "test.a"), LINE), now=clock)
    same = services.deploy(xml=b.process(b.service("a", "test.a"), LINE), now=clock)
    two = services.deploy(xml=b.process(b.service("a", "test.b"), LINE), now=clock)
    assert (same.pk, same.version) == (one.pk, 1)
    assert two.version == 2
    one.refresh_from_db()
    assert one.state == "RETIRED"
    with pytest.raises(services.InvalidDefinition) as refused:
        services.deploy(xml=b.process(b.service("a", "test.nobody"), LINE), now=clock)
    assert refused.value.details["problems"][0]["element"] == "a"
    assert type(one).objects.count() == 2
