"""Expected failures. Each carries a code for programs and a message that tells a person what to do next."""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """Base of all expected failures of services.

    `code`: stable word for the API. `status`: the HTTP status interfaces answer with. `message`: translated, says what to do next.
    `details`: JSON-able extras (a diff, field errors).
    """

    code = "refused"
    status = 409

    def __init__(self, message: Any, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(str(message))
        self.message = message
        self.details: dict[str, Any] = dict(details or {})


class NotPermitted(DomainError):
    """The person may not do this. `details["chain"]` names the deciding rule, never the value."""

    code = "not_permitted"
    status = 403


class NotFound(DomainError):
    """There is no such thing, or this person may not know of it: both answer alike."""

    code = "not_found"
    status = 404


class InvalidInput(DomainError):
    """`details["fields"]`: field name -> list of messages."""

    code = "invalid"
    status = 422


class SystemUnavailable(DomainError):
    """An outside system does not answer now; nothing was changed."""

    code = "unavailable"
    status = 503
