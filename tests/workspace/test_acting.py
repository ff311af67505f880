"""What widgets do in place: written to the system as the person, audited, shown again; refused without a trace."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from apps.audit.models import Entry
from apps.core import clock
from apps.core.http import PermanentError, TransientError
from apps.core.widgets import WIDGETS
from apps.notifications import selectors as notifications
from apps.notifications.models import Notification
from apps.records import services as records
from apps.records.models import Record
from apps.workspace.models import Pinned
from tests.support import shop
from tests.workspace.test_pages import text

HX = {"HTTP_HX_REQUEST": "true"}
OTHERS = {"business.announcements", "business.calendar", "business.visits", "workspace.quick_launch"}


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What was sent to the systems: `sent`; `answer`: what they say; `error`: raised instead."""
    seen = SimpleNamespace(sent=[], answer={}, error=None)

    def invoke(**given: Any) -> dict[str, Any]:
        if seen.error:
            raise seen.error
        seen.sent.append((given["system"], given["action"], dict(given["data"]), given["actor"].login))
        return seen.answer

    monkeypatch.setattr("apps.integrations.services.invoke_action", invoke)
    monkeypatch.setattr("apps.integrations.services.takes_person_tokens", lambda system: False)
    monkeypatch.setattr("apps.integrations.services.read_now", lambda **given: SimpleNamespace(record=None))
    return seen


@pytest.mark.req("U3", "E1", "E5")
def test_every_widget_can_be_read_by_whoever_is_offered_it(stocked: SimpleNamespace, as_: Any) -> None:
    from apps.workspace.selectors import layouts

    seen = set()
    for login in ("ana", "boss", "fin", "eve", "admin"):
        client = as_(getattr(stocked, login))
        for key, widget in layouts.offered(getattr(stocked, login)).items():
            if key.startswith("tests."):
                continue
            page = client.get(f"/widgets/{key}/")
            assert page.status_code == 200 and "cannot be shown" not in text(page) and "Not for your role" not in text(page), key
            assert str(widget.title) in text(page) and str(widget.about), key
            seen.add(key)
    assert len(seen - OTHERS) >= 16 and seen >= {key for key in WIDGETS if not key.startswith("tests.")}


ACTS = [
    # widget, path, what is posted, who, system, action, data
    ("erp.stock_alerts", "reorder", {"sku": "6308-2RS", "quantity": "46"}, "eve", "erp", "purchase_request.create",
     {"order_no": "", "lines": [{"sku": "6308-2RS", "quantity": "46"}]}),
    ("erp.to_ship", "ship", {"shipment": "s-1", "to": "done"}, "eve", "erp", "shipment.advance", {"shipment_id": "s-1", "to": "done", "quantities": {}}),
    ("crm.closing", "stage", {"deal": "d-0", "to": "PROPOSAL"}, "ana", "crm", "deal.move", {"deal_id": "d-0", "to": "PROPOSAL", "closed_on": None}),
    ("crm.follow_up", "follow-up", {"customer": "c-1", "channel": "call", "subject": "Valve", "body": "Wants 3"}, "ana", "crm", "follow_up.create",
     {"customer_id": "c-1", "deal_id": "", "channel": "call", "subject": "Valve", "body": "Wants 3"}),
]  # fmt: skip


@pytest.mark.req("E1", "G1", "U3")
@pytest.mark.parametrize(("key", "path", "posted", "login", "system", "action", "data"), ACTS)
def test_an_act_is_written_as_the_person_and_the_card_comes_back(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace, key: str, path: str,
        posted: dict[str, str], login: str, system: str, action: str, data: dict[str, Any]) -> None:  # fmt: skip
    outside.answer = {"request_ids": ["7"], "external_id": "f-9"}
    page = as_(getattr(stocked, login)).post(f"/home/do/{path}/", posted, **HX)
    assert page.status_code == 200 and outside.sent == [(system, action, data, login)]
    slug = key.replace(".", "-").replace("_", "-")
    assert f'id="widget-{slug}"' in page.content.decode() and "toast" in page.content.decode()
    assert Entry.objects.filter(actor_login=login, action__startswith="records.").count() == 1
    outside.sent.clear()
    assert as_(getattr(stocked, login)).post(f"/home/do/{path}/", posted).headers["Location"] == "/"  # without script


@pytest.mark.req("E1", "U3")
def test_setting_to_won_is_a_right_of_its_own_and_sends_the_day(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace) -> None:
    assert as_(stocked.ana).post("/home/do/win/", {"deal": "d-0"}, **HX).status_code == 200
    assert outside.sent[0][1:] == ("deal.move", {"deal_id": "d-0", "to": "won", "closed_on": clock.company_today(clock.now())}, "ana")


@pytest.mark.req("E1", "E5")
def test_setting_to_won_from_home_is_asked_first_and_says_what_is_unusual(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    first = str(WIDGETS["crm.closing"].load(person=stocked.ana, now=clock.now())["rows"][0]["deal"]["id"])
    record = Record.objects.get(kind="deal", external_id=first)
    record.data = record.data | {"lines": []}
    record.save(update_fields=["data"])
    card = client.get("/widgets/crm.closing/").content.decode()
    row = card[card.index(f"/deals/{first}/"):].split('<li class="hov')[0]
    assert row.index("<summary") < row.index('action="/home/do/win/"') < row.index("</details>")  # the form is behind a question
    assert "It has no line." in row and "goes to the seller’s manager for approval" in row


@pytest.mark.parametrize("error", [PermanentError("The stock is locked", system="erp"), TransientError("no answer", system="erp")])
def test_a_refusal_of_the_system_stands_in_the_card_and_nothing_changed(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace,
                                                                       error: Exception) -> None:  # fmt: skip
    outside.error, client = error, as_(stocked.ana)
    before = Entry.objects.count()
    page = client.post("/home/do/follow-up/", {"customer": "c-1", "channel": "visit", "subject": "Kept words"}, **HX)
    assert page.status_code == (409 if isinstance(error, PermanentError) else 503)
    shown = page.content.decode()
    assert ("The stock is locked" in shown) == isinstance(error, PermanentError) and "did not" in shown
    assert 'value="Kept words"' in shown and "<details" in shown  # nothing typed is lost
    assert Entry.objects.count() == before


FORBIDDEN = [
    ("ana", "reorder", {"sku": "6308-2RS", "quantity": "1"}), ("ana", "ship", {"shipment": "s-1", "to": "done"}),
    ("eve", "win", {"deal": "d-0"}), ("eve", "stage", {"deal": "d-0", "to": "PROPOSAL"}), ("fin", "follow-up", {"customer": "c-0", "subject": "x"}),
    ("ana", "remind", {"customer": "K100"}), ("ana", "check", {"connection": "erp"}), ("ana", "retry", {"incident": "00000000-0000-4000-8000-000000000000"}),
    ("guest", "star", {"kind": "deal", "id": "d-0"}), ("eve", "read-again", {"item": "00000000-0000-4000-8000-000000000000"}),
]  # fmt: skip


@pytest.mark.req("D5", "E1")
@pytest.mark.parametrize(("login", "path", "posted"), FORBIDDEN)
def test_who_may_not_act_changes_nothing(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace, login: str, path: str,
                                         posted: dict[str, str]) -> None:  # fmt: skip
    assert as_(getattr(stocked, login)).post(f"/home/do/{path}/", posted, **HX).status_code == 403
    assert outside.sent == [] and Entry.objects.filter(action__startswith="records.").count() == 0
    assert Notification.objects.count() == 0 and Pinned.objects.count() == 0


@pytest.mark.req("D5")
def test_a_colleagues_deal_and_an_unknown_record_are_refused_alike(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace) -> None:
    client = as_(stocked.ana)
    for posted in ({"deal": "d-3"}, {"deal": "nowhere"}):  # d-3 is the boss's
        assert client.post("/home/do/win/", posted, **HX).status_code in (403, 404)
    assert client.post("/home/do/follow-up/", {"customer": "nowhere", "subject": "x"}, **HX).status_code == 404
    assert outside.sent == []


@pytest.mark.parametrize("quantity", ["", "0", "-1", "many", "NaN", "1e30"])
def test_a_quantity_is_a_number_above_none(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace, quantity: str) -> None:
    page = as_(stocked.eve).post("/home/do/reorder/", {"sku": "6308-2RS", "quantity": quantity}, **HX)
    assert page.status_code == 422 and "Say how many" in text(page) and outside.sent == []


@pytest.mark.req("E1", "G1")
def test_a_payment_is_reminded_of_once_a_day_and_ends_with_a_follow_up(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace) -> None:
    fin = as_(stocked.fin)
    card = text(fin.get("/widgets/erp.overdue/"))
    assert "Delta Water Group" in card and "¥47,500" in card and "Meilin" not in card
    page = fin.post("/home/do/remind/", {"customer": "K100"}, **HX)
    assert "Chen An has a to-do now." in text(page)
    notice = Notification.objects.get()
    assert (notice.person_id, notice.todo, notice.kind) == (stocked.ana.pk, True, "records.payment_due")
    told = text(as_(stocked.ana).get("/"))
    assert "Payment overdue: Delta Water Group" in told and "47,500" not in told and "••••" in told  # the seller may not read receivables
    assert "reminded today already" in text(fin.post("/home/do/remind/", {"customer": "K100"}, **HX))
    assert "Nothing is overdue" in text(fin.post("/home/do/remind/", {"customer": "K101"}, **HX))
    assert Notification.objects.count() == 1 and Entry.objects.filter(action="records.receivable.reminded").count() == 1
    records.remind_payment(person=stocked.fin, customer_key="K100", now=notice.created_at + dt.timedelta(days=1))
    notice.refresh_from_db()
    assert (notice.state, notice.outcome) == ("RESOLVED", "replaced")  # one to-do for one debt
    notice = Notification.objects.get(state="OPEN")
    assert [one for one in notifications.drift(notice.created_at) if one.kind == "records.payment_due"] == []
    outside.answer = {"external_id": "f-9"}
    as_(stocked.ana).post("/home/do/follow-up/", {"customer": "c-0", "channel": "call", "subject": "Pays on Friday"}, **HX)
    notice.refresh_from_db()
    assert (notice.state, notice.outcome) == ("RESOLVED", "followed_up")


def test_a_reminder_ends_when_it_is_paid(stocked: SimpleNamespace, as_: Any, outside: SimpleNamespace) -> None:
    from apps.records.services.taking import take_read

    as_(stocked.fin).post("/home/do/remind/", {"customer": "K100"}, **HX)
    row = Record.objects.get(kind="receivable", key="K100")
    paid = {**row.data, "overdue": "0", "balance": "1"}
    take_read(data={"system": "erp", "connection": "erp", "kind": "receivable", "external_id": "K100", "record": paid,
                    "as_of": clock.now().isoformat()}, now=clock.now())  # fmt: skip
    assert Notification.objects.get().outcome == "paid"


@pytest.mark.req("U3", "E5")
def test_favourites_and_what_was_opened_follow_the_rights_of_now(stocked: SimpleNamespace, as_: Any) -> None:
    client = as_(stocked.ana)
    client.get("/deals/d-0/")
    client.get("/customers/c-1/")
    client.get("/orders/SO-20871/")  # by number: kept by the ERP's id
    page = client.post("/home/do/star/", {"kind": "stock", "id": "IH-100", "back": "/stock/"})
    assert page.headers["Location"] == "/stock/" and 'aria-pressed="true" aria-label="Favourite: IH-100"' in client.get("/stock/").content.decode()
    client.post("/home/do/star/", {"kind": "deal", "id": "d-0"})
    assert client.post("/home/do/star/", {"kind": "deal", "id": "d-0", "back": "//evil.example/"}).headers["Location"] == "/"
    assert 'aria-pressed="true"' in client.get("/deals/d-0/").content.decode()
    recent, starred = text(client.get("/widgets/workspace.recent/")), text(client.get("/widgets/workspace.favourites/"))
    assert all(word in recent for word in ("SO-20871", "Meilin Foods", "Delta Water Group: pumps 0")) and recent.index("SO-20871") < recent.index("pumps 0")
    assert "IH-100" in starred and "pumps 0" in starred
    for kind, ident in (("deal", "d-3"), ("nothing", "d-0"), ("customer", "nobody")):  # a colleague's deal outside the rights; unknown
        if kind == "deal":
            shop.put("deal", "d-x", name="Foreign", owner_email=stocked.fin.email)
            ident = "d-x"
        assert client.post("/home/do/star/", {"kind": kind, "id": ident}, **HX).status_code == 404
    assert Pinned.objects.filter(star=True).count() == 2
    Record.objects.filter(external_id="d-0").update(owner=stocked.fin)
    assert "pumps 0" not in text(client.get("/widgets/workspace.favourites/")) and "pumps 0" not in text(client.get("/widgets/workspace.recent/"))
    client.post("/home/do/unstar/", {"kind": "deal", "id": "d-0"})
    assert Pinned.objects.filter(star=True).count() == 1


def test_twenty_are_remembered_and_sixty_starred(stocked: SimpleNamespace, travel: Any) -> None:
    import datetime as dt

    from apps.core.errors import InvalidInput
    from apps.workspace import services

    now = clock.now()
    for index in range(23):
        services.opened(person=stocked.ana, kind="deal", external_id=f"d-{index}", now=now + dt.timedelta(seconds=index))
    services.opened(person=stocked.ana, kind="deal", external_id="d-22", now=now + dt.timedelta(seconds=30))  # again, at once: nothing
    kept = list(Pinned.objects.order_by("-at").values_list("external_id", flat=True))
    assert kept == [f"d-{index}" for index in range(22, 2, -1)]
    Pinned.objects.bulk_create([Pinned(person=stocked.ana, star=True, kind="deal", external_id=f"x-{n}", at=now) for n in range(60)])
    with pytest.raises(InvalidInput):
        services.star(person=stocked.ana, kind="deal", external_id="d-0", now=now)
