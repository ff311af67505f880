"""The WSDL, made from the schema."""

from __future__ import annotations

from functools import cache
from xml.sax.saxutils import quoteattr

from apps.devtools.sandbox.erp.schema import OPERATIONS, RECORDS, SIMPLE, Field

NAMESPACE = "urn:sandbox-erp:v2"
_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:erp="{NAMESPACE}" targetNamespace="{NAMESPACE}" name="SandboxErp">
"""


def _element(field: Field) -> str:
    kind = f"xsd:{field.type}" if field.type in SIMPLE else f"erp:{field.type}"
    low = ' minOccurs="0"' if field.optional else ""
    high = ' maxOccurs="unbounded"' if field.many else ""
    return f'<xsd:element name="{field.name}" type="{kind}"{low}{high}/>'


def _sequence(fields: tuple[Field, ...]) -> str:
    return f"<xsd:sequence>{''.join(map(_element, fields))}</xsd:sequence>"


@cache
def _types() -> str:
    parts = [f'<xsd:complexType name="{name}">{_sequence(fields)}</xsd:complexType>' for name, fields in RECORDS.items()]
    for operation in OPERATIONS:
        for name, fields in ((operation.soap, operation.given), (f"{operation.soap}Response", operation.answer)):
            parts.append(f'<xsd:element name="{name}"><xsd:complexType>{_sequence(fields)}</xsd:complexType></xsd:element>')
    credentials = '<xsd:element name="accessKey" type="xsd:string"/><xsd:element name="onBehalfOf" type="xsd:string" minOccurs="0"/>'
    fault = "".join(f'<xsd:element name="{name}" type="xsd:string"/>' for name in ("code", "status", "field"))
    for name, content in (("Credentials", credentials), ("ErpFault", fault)):
        parts.append(f'<xsd:element name="{name}"><xsd:complexType><xsd:sequence>{content}</xsd:sequence></xsd:complexType></xsd:element>')
    return "\n".join(parts)


@cache
def _operations() -> tuple[str, str, str]:
    messages = [
        '<wsdl:message name="Credentials"><wsdl:part name="credentials" element="erp:Credentials"/></wsdl:message>',
        '<wsdl:message name="ErpFault"><wsdl:part name="fault" element="erp:ErpFault"/></wsdl:message>',
    ]
    ports, bindings = [], []
    for name in (operation.soap for operation in OPERATIONS):
        messages += [
            f'<wsdl:message name="{one}"><wsdl:part name="parameters" element="erp:{one}"/></wsdl:message>' for one in (name, f"{name}Response")
        ]
        ports.append(
            f'<wsdl:operation name="{name}"><wsdl:input message="erp:{name}"/><wsdl:output message="erp:{name}Response"/>'
            '<wsdl:fault name="ErpFault" message="erp:ErpFault"/></wsdl:operation>'
        )
        bindings.append(
            f'<wsdl:operation name="{name}"><soap:operation soapAction="{NAMESPACE}/{name}"/><wsdl:input>'
            '<soap:header message="erp:Credentials" part="credentials" use="literal"/><soap:body use="literal"/></wsdl:input>'
            '<wsdl:output><soap:body use="literal"/></wsdl:output>'
            '<wsdl:fault name="ErpFault"><soap:fault name="ErpFault" use="literal"/></wsdl:fault></wsdl:operation>'
        )
    return "\n".join(messages), "\n".join(ports), "\n".join(bindings)


def document(address: str) -> bytes:
    """The whole WSDL for a server at this address."""
    messages, ports, bindings = _operations()
    schema = f'<xsd:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">\n{_types()}\n</xsd:schema>'
    return (
        f'{_HEAD}<wsdl:types>{schema}</wsdl:types>\n{messages}\n<wsdl:portType name="ErpPort">\n{ports}\n</wsdl:portType>\n'
        '<wsdl:binding name="ErpBinding" type="erp:ErpPort"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n'
        f'{bindings}\n</wsdl:binding>\n<wsdl:service name="ErpService"><wsdl:port name="Erp" binding="erp:ErpBinding">'
        f"<soap:address location={quoteattr(address)}/></wsdl:port></wsdl:service>\n</wsdl:definitions>\n"
    ).encode()
