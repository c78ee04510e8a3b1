"""The lineage that analysts ask for is whole where a child names its parent by another name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from correlators.kernel.catalogue import controls
from correlators.kernel.correlator import Correlator
from schemas.activity import Activity, Ended, Issued, Known, Parent
from schemas.fact import facts_of
from schemas.verdict import Clock
from streams.clickhouse.engine import Engine
from streams.clickhouse.sink import Sink
from streams.command.lineage import BRANCH_SHOWN, CHILDREN_SHOWN, Family
from tests.support.clickhouse import NOW, empty, engine_over, one, rows

ENTITY = "vault:prod:entity/e1"
TOKEN, ACCESSOR = "vault:prod:token/hmac-1", "vault:prod:accessor/a1"
CHILD, GRANDCHILD = "vault:prod:accessor/a2", "vault:prod:accessor/a3"
HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with engine_over(Path(tmp_path_factory.mktemp("lineage")) / "clickhouse") as engine:
        yield engine


@pytest.fixture
def engine(shared: Engine) -> Engine:
    empty(shared)
    return shared


def issued(uid: str, at: int, credential: str, parent: str = "", **more: object) -> Activity:
    parents = {parent: Parent("came_from", ENTITY)} if parent else {}
    born = Issued(credential, ENTITY, "token", parents=parents, expires=NOW + 9 * HOUR, **more)  # type: ignore[arg-type]
    return Activity(uid, NOW - HOUR + at, "vault", "prod", effects=(born,))


def stored(engine: Engine, many: list[Activity]) -> Correlator:
    """As the pipeline stores what it learned of these, all at once."""
    correlator = Correlator(controls())
    for activity in many:
        correlator.take(facts_of(activity))
    sink, offset = Sink(engine), 0
    while True:
        settled = correlator.settle(Clock(NOW, {"vault": NOW}))
        for key, body in settled.dossiers.items():
            offset += 1
            if body:
                sink.write("dossiers", [one("dossiers", body, offset, key.encode())])
        for life in settled.credentials:
            offset += 1
            sink.write("credentials", [one("credentials", orjson.dumps(life.row()), offset)])
        if not settled.forwards:
            return correlator
        correlator.take(settled.forwards)


def lineage(engine: Engine) -> list[tuple[object, ...]]:
    return rows(engine, "SELECT ancestor, credential, generation FROM credential_lineage ORDER BY ALL")


def test_a_parent_named_by_its_token_is_found_by_its_accessor(engine: Engine) -> None:
    many = [
        issued("i1", 0, ACCESSOR),
        Activity("k1", NOW - HOUR + 1, "vault", "prod", effects=(Known(ACCESSOR, ENTITY, names=(TOKEN,)),)),
        issued("i2", 2, CHILD, TOKEN),
        issued("i3", 3, GRANDCHILD, CHILD),
    ]
    correlator = stored(engine, many)
    assert lineage(engine) == [(ACCESSOR, CHILD, 1), (ACCESSOR, GRANDCHILD, 2), (CHILD, GRANDCHILD, 1)]
    (tree,) = Family(correlator.dossier, NOW).trees(ENTITY, [GRANDCHILD])
    assert [node.life.credential for node in tree.walk()] == [ACCESSOR, CHILD, GRANDCHILD]


def test_what_still_lives_of_it_is_told_where_it_was_ended_by_its_accessor(engine: Engine) -> None:
    ended = Ended("revoke-orphan", "revoked", credential=ACCESSOR, identity=ENTITY)
    many = [
        issued("i1", 0, ACCESSOR, names=(TOKEN,)),
        issued("i2", 2, CHILD, TOKEN),
        Activity("end", NOW - HOUR + 5, "vault", "prod", effects=(ended,)),
    ]
    stored(engine, many)
    assert rows(engine, "SELECT ended, credential FROM residual_forecast") == [(ACCESSOR, CHILD)]


def test_a_parent_of_which_nothing_else_is_known_keeps_the_name_its_child_gave_it(engine: Engine) -> None:
    stored(engine, [issued("i2", 2, CHILD, TOKEN)])
    assert lineage(engine) == [(TOKEN, CHILD, 1)]


def test_without_other_names_lineage_is_as_its_rows_say(engine: Engine) -> None:
    known = stored(engine, [issued("i1", 0, ACCESSOR, called="night job"), issued("i2", 2, CHILD, ACCESSOR)])
    assert lineage(engine) == [(ACCESSOR, CHILD, 1)]
    named = rows(engine, "SELECT credential_name FROM credentials_current ORDER BY credential")
    assert named == [("night job",), ("a2",)]
    (tree,) = Family(known.dossier, NOW).trees(ENTITY, [CHILD])
    assert [node.called for node in tree.walk()] == [f"{ACCESSOR} (night job)", CHILD]


def test_of_a_busy_parent_only_the_way_down_to_what_was_asked_for_is_told(engine: Engine) -> None:
    siblings = [f"vault:prod:accessor/s{number}" for number in range(CHILDREN_SHOWN + 10)]
    many = [
        issued("i1", 0, ACCESSOR),
        issued("i2", 2, CHILD, ACCESSOR),
        issued("i3", 3, GRANDCHILD, CHILD),
        *(issued(f"issue {name}", 4 + n, name, ACCESSOR) for n, name in enumerate(siblings)),
        *(
            issued(f"issue {name}/{n}", 99 + n, f"{name}-{n}", name)
            for name in siblings
            for n in range(CHILDREN_SHOWN)
        ),
    ]
    correlator = stored(engine, many)
    # The first of many children, which the latest ones do not push out.
    (tree,) = Family(correlator.dossier, NOW).trees(ENTITY, [CHILD])
    assert [node.life.credential for node in tree.walk()] == [ACCESSOR, CHILD, GRANDCHILD]
    assert tree.more == len(siblings)
    (tree,) = Family(correlator.dossier, NOW).trees(ENTITY, [ACCESSOR, GRANDCHILD])
    assert {node.life.credential for node in tree.children} == {CHILD, *siblings[-CHILDREN_SHOWN:]}
    every = [node.life.credential for node in tree.walk()]
    assert GRANDCHILD in every and tree.more == 10
    assert len(every) <= 3 + BRANCH_SHOWN, "however many they are, what is shown fits on a few screens"
