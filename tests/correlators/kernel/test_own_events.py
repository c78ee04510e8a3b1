"""An event's id is its giver's own, wherever ids are compared."""

from __future__ import annotations

import orjson
import pytest

from correlators.kernel.knowledge.inferred import DOUBTED, TRIED, sure
from correlators.kernel.knowledge.join import join
from schemas.activity import Activity, Glimpse, Session, Spanned
from schemas.claims import RotationPolicy
from schemas.dossier import Dossier, Sightings
from schemas.evidence import Evidence
from schemas.fact import facts_of
from schemas.sources import Context, sources
from tests.support.make import T0, change

IDENTITY = "k8s:c1:shop/web"
GIVERS = [("kubernetes", "c1"), ("kubernetes", "c2"), ("kubernetes", "default")]


def taught(effect: object) -> list[Dossier]:
    """What each giver teaches by an event of the same id and time."""
    return [
        fact
        for source, instance in GIVERS
        for _, fact in facts_of(
            change("same", 0, effect, source=source, instance=instance, identity=IDENTITY)
        )
    ]


@pytest.mark.parametrize(
    ("effect", "part"), [(Session(IDENTITY, T0 + 1), "sessions"), (Glimpse("room", T0, ""), "glimpses")]
)
def test_events_of_one_id_by_several_givers_are_several(effect: object, part: str) -> None:
    joined = Dossier()
    for fact in taught(effect):
        joined = join(joined, Dossier(**{part: getattr(fact, part)}))
    assert len(getattr(joined, part)) == len(GIVERS)


def test_claims_of_one_id_by_several_givers_are_several() -> None:
    records = [Evidence(T0, "same", f"kubernetes/{instance}") for instance in ("c1", "c2")]
    joined = Dossier()
    for record in records:
        joined = join(joined, Dossier(policies={"s": (RotationPolicy(record=record, every=1),)}))
    assert len(joined.policies["s"]) == 2


def test_a_doubt_about_an_event_is_none_about_anothers_of_the_same_id() -> None:
    mine, other = Evidence(T0, "same", "vault/prod"), Evidence(T0, "same", "vault/other")
    uses = {TRIED: Sightings((mine, other)), DOUBTED: Sightings((other,))}
    assert sure(uses, TRIED, uses[TRIED].kept) == (mine,)


@pytest.mark.parametrize("answered", [3, 3.0])
@pytest.mark.parametrize("asked", [3, 3.0])
def test_a_request_by_the_number_3_0_is_answered_as_3(asked: float, answered: float) -> None:
    def spans(message: dict[str, object]) -> list[str]:
        record = {"server": "github", "session": "s", "ts": "2026-11-22T09:00:00Z", "message": message}
        reading = sources()["mcp"].read(orjson.dumps(record), Context(key=b"k" * 8))
        assert not reading.rejects, reading.rejects
        return [e.trace for a in reading.activities for e in _spanned(a)]

    call = {"jsonrpc": "2.0", "id": asked, "method": "tools/call", "params": {"name": "rm"}}
    result = {"jsonrpc": "2.0", "id": answered, "result": {"content": []}}
    assert set(spans(call)) == set(spans(result)) and spans(call)


def _spanned(activity: Activity) -> list[Spanned]:
    return [effect for effect in activity.effects if isinstance(effect, Spanned)]
