"""Small process files for tests, without XML noise."""

import itertools

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
  xmlns:atrium="https://atrium.example/schema/bpmn" id="d" targetNamespace="https://atrium.example/processes">
"""


def service(key: str, topic: str, inner: str = "", more: str = "") -> str:
    return (
        f'<bpmn:serviceTask id="{key}" name="{key}"><bpmn:extensionElements><zeebe:taskDefinition type="{topic}"/>{inner}'
        f"</bpmn:extensionElements>{more}</bpmn:serviceTask>"
    )


WATCH = "amount stock:turns_short limit:crosses_limit"
HUMAN = f'atrium:candidates="test.boss" atrium:card="test.card" atrium:watch="{WATCH}"'


def user(key: str, extra: str = HUMAN) -> str:
    return f'<bpmn:userTask id="{key}" name="{key}" {extra}/>'


def flow(source: str, target: str, condition: str = "", key: str = "") -> str:
    inner = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    return f'<bpmn:sequenceFlow id="{key or f"f_{source}_{target}"}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'


def line(*nodes: str) -> str:
    """Flows that join the nodes one after another."""
    return "".join(flow(one, two) for one, two in itertools.pairwise(nodes))


def catch(key: str, message: str) -> str:
    return f'<bpmn:intermediateCatchEvent id="{key}"><bpmn:messageEventDefinition messageRef="{message}"/></bpmn:intermediateCatchEvent>'


def timer(key: str, span: str) -> str:
    return (
        f'<bpmn:intermediateCatchEvent id="{key}"><bpmn:timerEventDefinition><bpmn:timeDuration>{span}</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"
    )


def boundary(key: str, host: str, definition: str, interrupting: bool = True) -> str:
    return (
        f'<bpmn:boundaryEvent id="{key}" name="{key}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">{definition}'
        "</bpmn:boundaryEvent>"
    )


def after(span: str) -> str:
    return f"<bpmn:timerEventDefinition><bpmn:timeDuration>{span}</bpmn:timeDuration></bpmn:timerEventDefinition>"


def every(cycle: str) -> str:
    return f"<bpmn:timerEventDefinition><bpmn:timeCycle>{cycle}</bpmn:timeCycle></bpmn:timerEventDefinition>"


def on_message(message: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="{message}"/>'


def on_error(error: str = "") -> str:
    return f'<bpmn:errorEventDefinition errorRef="{error}"/>' if error else "<bpmn:errorEventDefinition/>"


START, END = '<bpmn:startEvent id="start" name="start"/>', '<bpmn:endEvent id="end" name="end"/>'


def xor(key: str, default: str = "") -> str:
    return f'<bpmn:exclusiveGateway id="{key}" ' + (f'default="{default}"' if default else "") + "/>"


def both(key: str) -> str:
    return f'<bpmn:parallelGateway id="{key}"/>'


def process(*parts: str, key: str = "p", messages: tuple[str, ...] = (), errors: tuple[str, ...] = ()) -> str:
    """A file with start and end unless the parts bring their own."""
    body = "".join(parts)
    start = "" if "<bpmn:startEvent" in body else START
    end = "" if "<bpmn:endEvent" in body else END
    declared = "".join(f'<bpmn:message id="{name}" name="{name}"/>' for name in messages)
    declared += "".join(f'<bpmn:error id="{code}" name="{code}" errorCode="{code}"/>' for code in errors)
    return f'{HEAD}{declared}<bpmn:process id="{key}" name="Test {key}" isExecutable="true">{start}{body}{end}</bpmn:process></bpmn:definitions>'
