"""Sightings and views do fast what their plain descriptions say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.knowledge.pins import sightings_of
from correlators.kernel.knowledge.sightings import LEVELS, PLACES_MAX, join_evidence, merge, thin
from correlators.kernel.views.view import View, sighted
from schemas.dossier import Credential, Dossier, Sightings
from schemas.evidence import SECOND, Evidence, network_of

EVENTS = st.builds(
    Evidence,
    time=st.integers(0, 6),
    uid=st.sampled_from("abc"),
    origin=st.sampled_from(["", "vault"]),
    place=st.sampled_from(["", "198.51.100.7", "203.0.113.9"]),
    client=st.sampled_from(["", "z"]),
    arrived=st.sampled_from([0, 1, 5]),
    processed=st.sampled_from([0, 2]),
    mirrors=st.sampled_from([(), ("m",), ("n",)]),
)
"""So few times and ids that one event is often told with other contents."""


def plainly(*many: Sightings) -> Sightings:
    """The union, by a map of events."""
    known: dict[tuple[int, str, str], Evidence] = {}
    for sightings in many:
        for e in sightings.kept:
            old = known.get((e.time, e.uid, e.origin))
            known[e.time, e.uid, e.origin] = e if old is None else join_evidence(old, e)
    return Sightings(tuple(sorted(known.values())), any(s.truncated for s in many))


SIGHTINGS = st.builds(
    lambda kept, truncated: plainly(Sightings(tuple(kept), truncated)), st.lists(EVENTS), st.booleans()
)


@given(SIGHTINGS, SIGHTINGS)
def test_merging_in_place_is_the_union_by_event(a: Sightings, b: Sightings) -> None:
    merged = merge(a, b)
    assert merged == plainly(a, b)
    assert (merged is a) == (merged == a) or not b.kept


@given(SIGHTINGS, SIGHTINGS, SIGHTINGS)
def test_merging_is_associative_commutative_and_idempotent_for_events_told_differently(
    a: Sightings, b: Sightings, c: Sightings
) -> None:
    assert merge(a, b) == merge(b, a)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(merge(a, b), b) == merge(a, b)


def thinned_plainly(sightings: Sightings) -> set[Evidence]:
    """Per level and bucket the first and last of each of the smallest places, and of all."""
    chosen: set[Evidence] = set()
    for width, buckets, ends in LEVELS:
        newest = sorted({e.time // width for e in sightings.kept})[-buckets:]
        for bucket in newest:
            within = [e for e in sightings.kept if e.time // width == bucket]
            networks = sorted({network_of(e.place) for e in within})[:PLACES_MAX]
            for some in (within, *([e for e in within if network_of(e.place) == n] for n in networks)):
                chosen.update((*some[:ends], *some[-ends:]))
    return chosen


@given(st.sets(st.integers(0, 40_000), max_size=120), st.integers(1, 6), st.integers(1, 900))
def test_thinning_keeps_what_its_levels_say(times: set[int], places: int, stride: int) -> None:
    kept = tuple(
        sorted(Evidence(t * stride * SECOND, f"e{t}", place=f"10.{t % places}.{t % 2}.1") for t in times)
    )
    assert set(thin(Sightings(kept)).kept) == thinned_plainly(Sightings(kept))


@given(st.lists(SIGHTINGS, max_size=4))
def test_what_is_sighted_is_each_event_once_by_its_earliest_telling(many: list[Sightings]) -> None:
    every = sorted(e for s in many for e in s.kept)
    first = {e.event: e for e in reversed(every)}
    assert list(sighted(s.kept for s in many)) == sorted(first.values())


USES = st.dictionaries(st.sampled_from(["succeeded", "failed", "succeeded:service"]), SIGHTINGS, max_size=2)


@given(st.lists(USES, max_size=4))
def test_a_view_never_takes_the_uses_of_one_credential_for_those_of_another(
    many: list[dict[str, Sightings]],
) -> None:
    """Credentials that are made for the question alone come and go, and ids with them."""
    view = View("k", Dossier())
    for uses in many:
        expected = sighted(s.kept for key, s in sightings_of(Credential(uses=uses)) if key == "succeeded")
        assert view.uses(Credential(uses=uses), "succeeded") == expected
