"""The closing words of a start: the address, the people, what to try first."""

from __future__ import annotations

PEOPLE = (
    ("ana", "Chen An 陈安", "sales: her customers, her deals, her orders"),
    ("boss", "Lin Wei 林薇", "sales director: approves what ana sells"),
    ("fin", "He Jing 何静", "finance: receivables and invoices"),
    ("eve", "Wang Jun 王军", "warehouse: ships what was ordered"),
    ("admin", "Guo Peng 郭鹏", "portal admin: connections, roles, repairs"),
    ("guest", "Xu Lan 徐兰", "no rights at all: sees that the door stays shut"),
)


def _people() -> list[str]:
    return [f"    {login:<6} {name:<15} {role}" for login, name, role in PEOPLE]


def demo(url: str, seconds: float) -> str:
    return "\n".join(
        [
            "",
            f"  Atrium is ready after {seconds:.0f} s:  {url}",
            "",
            "  Sign in as one of the people of Yunhe Pump Works (no password in the demo):",
            *_people(),
            "",
            "  Try first: sign in as ana and press the tour button; or open a deal and set it to won,",
            "  then sign in as boss in a private window and approve it.",
            "",
            "  Ctrl-C stops everything. The data stays for the next time.",
            "",
        ]
    )


def real(values: dict[str, str], env_file: str, seconds: float) -> str:
    return "\n".join(
        [
            "",
            f"  Atrium is ready after {seconds:.0f} s:  {values['PORTAL_URL']}",
            "",
            f"  ERP web client  {values['ERP_WEB_URL']}/#erp",
            f"  CRM API         {values['CRM_URL']}/api/",
            f"  Keycloak        {values['OIDC_ISSUER']}",
            f"  The people of Yunhe Pump Works sign on with the password DEMO_PASSWORD of {env_file}:",
            *_people(),
            "",
            "  Ctrl-C stops everything. make stack-reset gives fresh data.",
            "",
        ]
    )
