"""Activities can be asked by the identity that was learned later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from correlators.kernel.catalogue import controls
from correlators.kernel.desk import Desk
from schemas.activity import Activity, Aliased, Known
from schemas.fact import facts_of
from schemas.verdict import Clock
from streams.engine import Engine
from streams.sink import Sink
from tests.support.clickhouse import activity, engine_over, lines, one, rows

TOKEN, ENTITY, AGENT = "vault:prod:token/hmac-1", "vault:prod:entity/e1", "agent:host/triage"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("resolved")) / "clickhouse") as engine:
        yield engine


def test_a_denied_token_is_found_under_the_identity_whose_alias_its_entity_is(engine: Engine) -> None:
    denied = Activity("denied", 10**15, "vault", "prod", credential=TOKEN, outcome="unauthenticated")
    known = Activity(
        "login", 10**15 - 1, "vault", "prod", effects=(Known(TOKEN, ENTITY), Aliased(ENTITY, AGENT))
    )
    desk = Desk(controls())
    for told in (denied, known):
        desk.take(facts_of(told))
    settled = desk.settle(Clock(10**15 + 10**9, {"vault": 10**15}))
    sink = Sink(engine)
    stored = [
        one("dossiers", body, n, key.encode())
        for n, (key, body) in enumerate(settled.dossiers.items())
        if body
    ]
    sink.write("dossiers", stored)
    row = activity(1, uid="denied", source="vault", identity="", credential=TOKEN, outcome="unauthenticated")
    sink.write("activities", [lines("activities", row)])
    asked = "SELECT uid FROM activities_resolved WHERE resolved_identity = {who:String}"
    assert rows(engine, asked, who=AGENT) == [("denied",)]
