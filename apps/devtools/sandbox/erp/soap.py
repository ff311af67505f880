"""SOAP 1.1, document/literal: an envelope in, an envelope or a fault out. What the operations do is said elsewhere."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring  # building only

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from apps.devtools.sandbox.base.store import Refused, Row
from apps.devtools.sandbox.base.web import Answer, Request
from apps.devtools.sandbox.erp import wsdl
from apps.devtools.sandbox.erp.core import Erp
from apps.devtools.sandbox.erp.schema import BY_SOAP, RECORDS, SIMPLE, Field

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XML = "text/xml; charset=utf-8"
register_namespace("soap", ENVELOPE)
register_namespace("erp", wsdl.NAMESPACE)


def _erp(name: str) -> str:
    return f"{{{wsdl.NAMESPACE}}}{name}"


def operation_name(request: Request) -> str:
    """What the body asks for, by the operation's own name; "" when that cannot be read."""
    try:
        call = _body(request)
    except Refused:
        return ""
    found = BY_SOAP.get(call.tag.rpartition("}")[2])
    return found.name if found else ""


def _body(request: Request) -> Element:
    envelope = _parsed(request)
    body = envelope.find(f"{{{ENVELOPE}}}Body")
    if envelope.tag != f"{{{ENVELOPE}}}Envelope" or body is None or len(body) != 1:
        raise Refused(400, "BAD_ENVELOPE", "This is not a SOAP 1.1 envelope with one element in its body.")
    return body[0]


def _parsed(request: Request) -> Element:
    try:
        return fromstring(request.body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        raise Refused(400, "BAD_ENVELOPE", "The body is not plain XML.") from None


def answer(system: Erp, request: Request) -> Answer:
    """The WSDL, or one call."""
    if request.method == "GET":
        return Answer(200, wsdl.document(f"http://{request.headers.get('host', 'localhost')}/soap"), XML)
    call = _body(request)
    operation = BY_SOAP.get(call.tag.rpartition("}")[2])
    if operation is None or call.tag != _erp(operation.soap):
        raise Refused(400, "NO_SUCH_OPERATION", "This operation is not in the WSDL.")
    credentials = _parsed(request).find(f"{{{ENVELOPE}}}Header/{_erp('Credentials')}")
    key = credentials.findtext(_erp("accessKey"), "") if credentials is not None else ""
    login = credentials.findtext(_erp("onBehalfOf"), "") if credentials is not None else ""
    user = system.acting(key, login)
    given = _read(operation.given, call)
    base = f"http://{request.headers.get('host', 'localhost')}"
    result, _replayed = system.run(operation, given, user, base=base)
    response = Element(_erp(f"{operation.soap}Response"))
    _write(response, operation.answer, result)
    return Answer(200, _enveloped(response), XML)


def _read(fields: tuple[Field, ...], element: Element) -> Row:
    """XML to the JSON values the operations take. Elements no field knows are kept: the check names them."""
    known = {one.name: one for one in fields}
    found: Row = {}
    for child in element:
        name = child.tag.rpartition("}")[2]
        field = known.get(name)
        value: Any = (child.text or "").strip() if name != "comment" else child.text or ""
        if field is not None and field.type not in SIMPLE:
            value = _read(RECORDS[field.type], child)
        if field is not None and field.many:
            found.setdefault(name, []).append(value)
        elif child.get("{http://www.w3.org/2001/XMLSchema-instance}nil") not in ("true", "1"):
            found[name] = value
    return found


def _write(parent: Element, fields: tuple[Field, ...], values: Row) -> None:
    for field in fields:
        value = values.get(field.name)
        for one in (value or []) if field.many else [value]:
            if one is None:
                continue
            child = SubElement(parent, _erp(field.name))
            if field.type in SIMPLE:
                child.text = str(one).lower() if isinstance(one, bool) else _clean(str(one))
            else:
                _write(child, RECORDS[field.type], one)


def _clean(text: str) -> str:
    """Without characters XML cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\n\t\r")


def _enveloped(content: Element) -> bytes:
    envelope = Element(f"{{{ENVELOPE}}}Envelope")
    SubElement(envelope, f"{{{ENVELOPE}}}Body").append(content)
    found: bytes = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return found


def fault(refused: Refused) -> Answer:
    """Client: a repeat is refused again. Server: it may be repeated. The detail holds our code; HTTP says 500, as SOAP 1.1 wants it."""
    element = Element(f"{{{ENVELOPE}}}Fault")
    SubElement(element, "faultcode").text = "soap:Server" if refused.status >= 500 else "soap:Client"
    SubElement(element, "faultstring").text = refused.message
    detail = SubElement(SubElement(element, "detail"), _erp("ErpFault"))
    for name, value in (("code", refused.code), ("status", str(refused.status)), ("field", refused.field)):
        SubElement(detail, _erp(name)).text = value
    return Answer(500, _enveloped(element), XML)
