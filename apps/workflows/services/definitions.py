"""Publishing process files."""

import datetime as dt

from apps.core.errors import DomainError
from apps.workflows.models import ProcessDefinition


class InvalidDefinition(DomainError):
    """The process file is refused. `details["problems"]`: [{"element", "message"}], each naming the element's id."""

    code = "invalid_definition"
    status = 422


def deploy(*, xml: str, now: dt.datetime) -> ProcessDefinition:
    """Publish a process file: checked, compiled, given the next version. The same content again returns the version that has it.

    Raises InvalidDefinition when an element is outside the subset, or names a topic, rule or card nobody registered.
    """
    raise NotImplementedError
