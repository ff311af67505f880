"""Working days in BottleCRM, row by row as an import writes them: its own triggers tell the change feed of each, with the stamps of the moment."""

from __future__ import annotations

import datetime as dt
import json
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

COPY = """insert into "{table}" select (jsonb_populate_record(t.*, to_jsonb(%s::jsonb))).* from "{table}" t where t.id = %s"""


class CrmDays:
    """`chance` decides; `org`: the company's id. Everything is a copy of a row the CRM has, with what differs."""

    def __init__(self, env: Mapping[str, str], seed: int) -> None:
        self._db = psycopg.connect(env["POSTGRES_URL"].rsplit("/", 1)[0] + "/crm", autocommit=True)
        self.org, self.chance = env["CRM_ORG_ID"], random.Random(seed)
        self.now = dt.datetime.now(dt.UTC)

    def __enter__(self) -> CrmDays:
        return self

    def __exit__(self, *_failure: object) -> None:
        self._db.close()

    def ids(self, sql: str, *values: Any) -> list[str]:
        return [str(row[0]) for row in self._db.execute(sql, [self.org, *values]).fetchall()]  # type: ignore[arg-type]

    def pick(self, sql: str, *values: Any) -> str:
        return self.chance.choice(self.ids(sql, *values))

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def copy(self, table: str, ident: str, **changes: Any) -> str:
        made = {"id": self._uuid(), "created_at": self.now, "updated_at": self.now, **changes}
        self._db.execute(COPY.format(table=table), [Jsonb(made, dumps=_json), ident])  # type: ignore[arg-type]
        return str(made["id"])

    def change(self, table: str, ident: str, **changes: Any) -> None:
        columns = ", ".join(f'"{name}" = %s' for name in changes)
        self._db.execute(f'update "{table}" set {columns}, updated_at = now() where id = %s', [*changes.values(), ident])  # type: ignore[arg-type]

    # -- what may happen

    def deal(self, **changes: Any) -> str:
        """A new one like an older one: its lines, its seller, its customer."""
        like = self.pick("""select o.id from opportunity o join opportunity_line_item i on i.opportunity_id = o.id
                            where o.org_id = %s and o.account_id is not null group by o.id order by o.id""")
        lines = self._db.execute("select id from opportunity_line_item where opportunity_id = %s order by id", [like]).fetchall()
        sellers = self._db.execute("select profile_id from opportunity_assigned_to where opportunity_id = %s", [like]).fetchall()
        with self._db.transaction():
            values = {"name": f"Happened {self.chance.getrandbits(40):x}", "stage": "PROPOSAL", "custom_fields": {}, "probability": 40,
                      "stage_changed_at": self.now, "closed_on": (self.now + dt.timedelta(days=40)).date(), **changes}
            ident = self.copy("opportunity", like, **values)
            for (line,) in lines:
                self.copy("opportunity_line_item", str(line), opportunity_id=ident)
            for (seller,) in sellers:
                self._db.execute("insert into opportunity_assigned_to (opportunity_id, profile_id) values (%s, %s)", [ident, seller])
        return ident

    def _open_deal(self) -> str:
        return self.pick("""select o.id from opportunity o join opportunity_pipeline_stage s on s.pipeline_id = o.pipeline_id and s.code = o.stage
                            where o.org_id = %s and s.kind = 'open' order by o.id""")

    def _to(self, stage: str) -> None:
        self.change("opportunity", self._open_deal(), stage=stage, closed_on=_shanghai(self.now), stage_changed_at=self.now)

    def lost(self) -> None:
        self._to("CLOSED_LOST")

    def won(self) -> None:
        self._to("CLOSED_WON")

    def moved(self) -> None:
        self.change("opportunity", self._open_deal(), probability=self.chance.randint(0, 100))

    def reopened(self) -> None:
        ident = self.pick("select id from opportunity where org_id = %s and stage = 'CLOSED_LOST' order by id")
        self.change("opportunity", ident, stage="NEGOTIATION", stage_changed_at=self.now, closed_on=(self.now + dt.timedelta(days=20)).date())

    def talked(self) -> None:
        self.copy("interaction", self.pick("select id from interaction where org_id = %s and opportunity_id is not null order by id"), occurred_at=self.now)

    def called(self) -> None:
        like = self.pick('select id from "case" where org_id = %s order by id')
        with self._db.transaction():
            ident = self.copy("case", like, status="New", first_response_at=None, resolved_at=None, closed_on=None)
            self._db.execute("insert into case_assigned_to (case_id, profile_id) select %s, profile_id from case_assigned_to where case_id = %s", [ident, like])

    def answered(self) -> None:
        ident = self.pick('select id from "case" where org_id = %s order by first_response_at is not null, id limit 5')
        self.change("case", ident, status="Pending", first_response_at=self.now)

    def closed(self) -> None:
        ident = self.pick("""select id from "case" where org_id = %s and status in ('New', 'Pending', 'Assigned') order by id""")
        self.change("case", ident, status="Closed", closed_on=_shanghai(self.now))

    def customer(self) -> None:
        like = self.pick("select id from accounts where org_id = %s order by id")
        name = f"Happened {self.chance.getrandbits(40):x}"
        self.copy("accounts", like, name=name, email=f"{name.split()[1]}@example.com", custom_fields={"region": "East China"})

    def go(self, number: int) -> Counter[str]:
        """So many events, as they come."""
        may: dict[Callable[[], Any], int] = {
            self.deal: 20, self.lost: 10, self.won: 3, self.moved: 12, self.reopened: 4, self.talked: 25, self.called: 10, self.answered: 8, self.closed: 6,
            self.customer: 2,
        }  # fmt: skip
        done: Counter[str] = Counter()
        for event in self.chance.choices(list(may), list(may.values()), k=number):
            event()
            done[event.__name__] += 1
        return done


def _shanghai(moment: dt.datetime) -> dt.date:
    return (moment + dt.timedelta(hours=8)).date()


def _json(value: Any) -> str:
    return json.dumps(value, default=str)
