"""BPMN 2.0 XML -> Process. Reads the promised subset; everything else becomes a problem that names the element."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

from apps.workflows.engine.cards import Watch
from apps.workflows.engine.process import Flow, Kind, Node, Process, Timer

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"
ATRIUM = "{https://atrium.example/schema/bpmn}"
DRAWN_ONLY = {"documentation", "extensionElements", "laneSet", "textAnnotation", "association", "group"}
INSIDE = DRAWN_ONLY | {"incoming", "outgoing"}
KINDS: dict[str, Kind] = {"userTask": "user_task", "serviceTask": "service_task", "exclusiveGateway": "exclusive",
                          "parallelGateway": "parallel", "startEvent": "start", "endEvent": "end",
                          "intermediateCatchEvent": "message_catch", "boundaryEvent": "boundary_timer"}
EVENTS: dict[str, dict[str, Kind]] = {
    "startEvent": {"": "start", "messageEventDefinition": "start"},
    "endEvent": {"": "end", "errorEventDefinition": "end_error", "terminateEventDefinition": "end_terminate"},
    "intermediateCatchEvent": {"messageEventDefinition": "message_catch", "timerEventDefinition": "timer_catch"},
    "boundaryEvent": {"messageEventDefinition": "boundary_message", "timerEventDefinition": "boundary_timer",
                      "errorEventDefinition": "boundary_error"},
}
TIMERS = {"timeDuration": "duration", "timeDate": "date", "timeCycle": "cycle"}


@dataclass(frozen=True)
class Problem:
    """Why a process file is refused: the element's id (or "" for the file) and a sentence."""

    element: str
    message: str


@dataclass
class _File:
    """What is collected while one file is read."""

    messages: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, element: Element, message: str) -> None:
        self.problems.append(Problem(element.get("id") or _local(element), message))


def read(xml: str) -> tuple[Process | None, list[Problem]]:
    """The process as drawn and what is outside the subset. None: there is nothing to run in this file."""
    try:
        root = fromstring(xml.encode())
    except (ParseError, defusedxml.DefusedXmlException, ValueError) as error:
        return None, [Problem("", _("This is not a readable XML file: %(error)s") % {"error": error})]
    processes = root.findall(f"{BPMN}process")
    if root.tag != f"{BPMN}definitions" or len(processes) != 1:
        return None, [Problem("", _("A file holds exactly one BPMN process; this one holds %(count)s.") % {"count": len(processes)})]
    file = _File()
    for message in root.findall(f"{BPMN}message"):
        file.messages[message.get("id", "")] = message.get("name", "")
    for error_element in root.findall(f"{BPMN}error"):
        file.errors[error_element.get("id", "")] = error_element.get("errorCode", "")
    return _process(processes[0], file), file.problems


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _process(element: Element, file: _File) -> Process:
    nodes: dict[str, Node] = {}
    flows: dict[str, Flow] = {}
    for child in element:
        name = _local(child)
        if not str(child.tag).startswith(BPMN) or name in DRAWN_ONLY:
            continue
        identifier = child.get("id", "")
        if not identifier or identifier in nodes or identifier in flows:
            file.refuse(child, _("Each element needs an id of its own."))
        elif name == "sequenceFlow":
            flows[identifier] = _flow(child)
        elif name in KINDS:
            nodes[identifier] = _node(child, name, file)
        else:
            file.refuse(child, _("A %(kind)s is not supported.") % {"kind": name})
    return Process(element.get("id", ""), element.get("name", "") or element.get("id", ""), _linked(nodes, flows, file), flows)


def _flow(element: Element) -> Flow:
    return Flow(id=element.get("id", ""), source=element.get("sourceRef", ""), target=element.get("targetRef", ""),
                name=element.get("name", ""), condition=(element.findtext(f"{BPMN}conditionExpression") or "").strip())


def _linked(nodes: dict[str, Node], flows: dict[str, Flow], file: _File) -> dict[str, Node]:
    """Flows and boundary events put on the nodes they belong to."""
    for flow in flows.values():
        if flow.source not in nodes or flow.target not in nodes:
            file.problems.append(Problem(flow.id, _("This flow does not join two elements.")))
            continue
        source, target = nodes[flow.source], nodes[flow.target]
        nodes[source.id] = replace(source, outgoing=(*source.outgoing, flow.id))
        target = nodes[flow.target]
        nodes[target.id] = replace(target, incoming=(*target.incoming, flow.id))
    for node in list(nodes.values()):
        if not node.attached:
            continue
        if node.attached not in nodes:
            file.problems.append(Problem(node.id, _("It is attached to nothing.")))
            continue
        host = nodes[node.attached]
        nodes[host.id] = replace(host, boundaries=(*host.boundaries, node.id))
    return nodes


def _node(element: Element, name: str, file: _File) -> Node:
    kind: Kind = KINDS[name]
    definition: Element | None = None
    for child in element:
        inner = _local(child)
        if inner.endswith("EventDefinition") and name in EVENTS and definition is None:
            definition = child
        elif str(child.tag).startswith(BPMN) and inner not in INSIDE:
            file.refuse(element, _("A %(part)s inside a %(kind)s is not supported.") % {"part": inner, "kind": name})
    if name in EVENTS:
        trigger = _local(definition) if definition is not None else ""
        if trigger not in EVENTS[name]:
            file.refuse(element, _("A %(kind)s of this sort (%(part)s) is not supported.") % {"kind": name, "part": trigger or "plain"})
        kind = EVENTS[name].get(trigger, kind)
    return Node(id=element.get("id", ""), kind=kind, name=element.get("name", ""), default=element.get("default", ""),
                attached=element.get("attachedToRef", ""), interrupting=element.get("cancelActivity", "true") != "false",
                **_trigger(element, definition, file), **_service(element, file), **_human(element, file),
                phase=element.get(f"{ATRIUM}phase", ""), system=element.get(f"{ATRIUM}system", ""))


def _trigger(element: Element, definition: Element | None, file: _File) -> dict[str, Any]:
    if definition is None:
        return {}
    kind = _local(definition)
    if kind == "messageEventDefinition":
        message = file.messages.get(definition.get("messageRef", ""), "")
        if not message:
            file.refuse(element, _("It names no message."))
        return {"message": message}
    if kind == "errorEventDefinition":
        reference = definition.get("errorRef", "")
        if reference and not file.errors.get(reference):
            file.refuse(element, _("It names an error without a code."))
        return {"error": file.errors.get(reference, "")}
    if kind == "timerEventDefinition":
        for child in definition:
            if _local(child) in TIMERS and (child.text or "").strip():
                return {"timer": Timer(TIMERS[_local(child)], (child.text or "").strip())}
        file.refuse(element, _("It has no time."))
    return {}


def _service(element: Element, file: _File) -> dict[str, Any]:
    if _local(element) != "serviceTask":
        return {}
    extension = element.find(f"{BPMN}extensionElements")
    task = extension.find(f"{ZEEBE}taskDefinition") if extension is not None else None
    if extension is None or task is None or not task.get("type"):
        file.refuse(element, _("It names no topic (zeebe:taskDefinition type)."))
        return {}
    retries = task.get("retries", "0")
    headers = {item.get("key", ""): item.get("value", "") for item in extension.iterfind(f"{ZEEBE}taskHeaders/{ZEEBE}header")}
    mapping = {part: _mapping(extension, part) for part in ("input", "output")}
    return {"topic": task.get("type", ""), "retries": int(retries) if retries.isdigit() else 0, "headers": headers,
            "inputs": mapping["input"], "outputs": mapping["output"]}


def _mapping(extension: Element, part: str) -> dict[str, str]:
    """target -> CEL text of the input or output mappings."""
    found = extension.iterfind(f"{ZEEBE}ioMapping/{ZEEBE}{part}")
    return {item.get("target", ""): item.get("source", "").removeprefix("=").strip() for item in found}


def _human(element: Element, file: _File) -> dict[str, Any]:
    if _local(element) != "userTask":
        return {}
    watches = tuple(_watch(part) for part in element.get(f"{ATRIUM}watch", "").split())
    for watch in watches:
        if watch.when not in ("always", "crosses") and not watch.when.removeprefix("turns:"):
            file.refuse(element, _("The watch rule of %(fact)s is not known.") % {"fact": watch.fact})
    return {"candidates": element.get(f"{ATRIUM}candidates", ""), "card": element.get(f"{ATRIUM}card", ""), "watches": watches,
            "undo": element.get(f"{ATRIUM}undo", "true") != "false", "due": element.get(f"{ATRIUM}due", "")}


def _watch(text: str) -> Watch:
    """`amount` (always), `stock:turns_short` (its state becomes short), `receivable:crosses_limit` (its state changes)."""
    fact, _sep, rule = text.partition(":")
    if rule.startswith("turns_"):
        return Watch(fact, f"turns:{rule.removeprefix('turns_')}")
    if rule.startswith("crosses"):
        return Watch(fact, "crosses")
    return Watch(fact, "always" if rule in ("", "always") else "turns:")
