"""The laws of the lattice, on dossiers that real-looking activities teach."""

from __future__ import annotations

from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from correlators.kernel.caps import canonical
from correlators.kernel.knowledge.join import join
from correlators.kernel.knowledge.sightings import KEPT_MAX, merge, thin
from correlators.kernel.views.view import View
from schemas.activity import (
    Activity,
    Aliased,
    Begun,
    Ended,
    Exposed,
    Glimpse,
    Granted,
    Issued,
    Known,
    Parent,
    Renewed,
    Restored,
    Session,
    Stated,
    Withdrawn,
)
from schemas.declaration import ApprovedTool, Declaration, Period
from schemas.dossier import EMPTY, Credential, Dossier, Sightings, Turn
from schemas.evidence import SECOND, Evidence
from schemas.stored import decode, encode
from tests.support.make import T0
from tests.support.scenario import every_way, taught

CREDENTIALS = st.sampled_from(
    ["aws:key/K1", "aws:key/K2", "aws:key/S1", "vault:default:accessor/1", "vault:default:token/1"]
)
HOMES = {
    "aws:key/K1": "aws:1:user/a",
    "aws:key/K2": "aws:1:user/a",
    "aws:key/S1": "aws:1:role/b",
    "vault:default:accessor/1": "vault:default:entity/e",
    "vault:default:token/1": "",
}
"""A credential is one identity's; a record may leave that identity out."""
TIMES = st.integers(0, 40).map(lambda s: T0 + s * 7 * SECOND)


@st.composite
def effects(draw: st.DrawFn) -> object:
    credential, ancestor = draw(CREDENTIALS), draw(CREDENTIALS)
    identity = HOMES[credential] if draw(st.booleans()) else ""
    edge = draw(st.sampled_from(["dies_with", "came_from", "made_by"]))
    parents = {ancestor: Parent(edge, HOMES[ancestor])} if ancestor != credential else {}
    return draw(
        st.sampled_from(
            [
                Issued(
                    credential,
                    identity,
                    "session",
                    parents=parents,
                    expires=draw(TIMES),
                    groups={"vault:default:auth/a/": "auth/a/login"},
                    seen_as=draw(st.sampled_from(["", "aws:key/K2"])),
                    seen_until=draw(TIMES),
                ),
                Restored("made anew", "remade", identity=identity or "aws:1:user/a"),
                Ended("kill", "revoked", credential, identity, carries=draw(st.booleans())),
                Ended("off", "disabled", identity=identity or "aws:1:user/a"),
                Ended("gone", "deleted", identity=identity or "aws:1:user/a"),
                Ended("unmounted", "group", group="vault:default:auth/a/"),
                Restored("on", "disabled", credential, identity),
                Restored("mounted", "group", group="vault:default:auth/a/", scope="auth/a/"),
                Granted("grant/a", "role/a", "bound", ("aws:1:user/a", "aws:1:role/b")),
                Withdrawn("grant/a", "unbound", draw(st.sampled_from([(), ("aws:1:role/b",)]))),
                Session("aws:1:user/a", draw(st.sampled_from([0, T0 + 900 * SECOND]))),
                Begun("aws:1:user/a", draw(st.sampled_from(["service op-1", "service op-2"]))),
                Glimpse("aws:1:", draw(TIMES), draw(st.sampled_from(["", "aws:1:user/a", "aws:1:role/b"]))),
                Renewed(credential, identity, draw(TIMES)),
                Known("vault:default:accessor/1", "vault:default:entity/e", names=("vault:default:token/1",)),
                Known(credential, identity or "aws:1:user/a", theirs=draw(st.booleans())),
                Aliased("aws:1:role/b", "aws:1:user/a"),
                Aliased("aws:1:user/a", "aws:1:role/b", draw(st.booleans()), at=draw(TIMES)),
                Exposed("found in a repository", credential, identity, withdrawn=draw(st.booleans())),
                Exposed("found", credential, identity, draw(st.booleans()), report="leak:report/a#1"),
                Stated(
                    "aws:1:user/a",
                    Declaration(
                        draw(TIMES),
                        "d",
                        owner="team",
                        statuses=(Period("inactive", draw(TIMES)),),
                        tools=(ApprovedTool("t"),),
                    ),
                ),
            ]
        )
    )


@st.composite
def activities(draw: st.DrawFn) -> Activity:
    time = draw(TIMES)
    outcome = draw(st.sampled_from(["succeeded", "failed", "forbidden", "unauthenticated", "unknown"]))
    made = tuple(draw(st.lists(effects(), max_size=2)))
    place = draw(st.sampled_from(["", "198.51.100.7", "203.0.113.9"]))
    credential = draw(CREDENTIALS)
    identity = HOMES[credential] if draw(st.booleans()) else ""
    body = (
        time,
        outcome,
        made,
        place,
        identity,
        credential,
        draw(st.sampled_from(["", "identity_write", "service", "continues"])),
    )
    uid = f"u{abs(hash(repr(body))) % 10_000_000}"
    return Activity(
        uid,
        time,
        "cloudtrail",
        identity=body[4],
        credential=body[5],
        outcome=outcome,
        action=body[6],
        asked="service op-1" if body[6] == "continues" else "",
        place=place,
        effects=made,
        arrived=draw(st.sampled_from([0, 0, 0, T0 + 60 * SECOND])),
    )


def dossiers(many: list[Activity]) -> Dossier:
    return reduce(join, (fact for a in many for _, fact in taught(a)), EMPTY)


MANY = st.lists(activities(), max_size=6)


@given(MANY, MANY, MANY)
def test_join_is_associative(a: list[Activity], b: list[Activity], c: list[Activity]) -> None:
    x, y, z = dossiers(a), dossiers(b), dossiers(c)
    assert join(join(x, y), z) == join(x, join(y, z))


@given(MANY, MANY)
def test_join_is_commutative(a: list[Activity], b: list[Activity]) -> None:
    x, y = dossiers(a), dossiers(b)
    assert join(x, y) == join(y, x)


@given(MANY, MANY)
def test_join_is_idempotent_and_says_by_identity_that_nothing_was_learned(
    a: list[Activity], b: list[Activity]
) -> None:
    x = join(dossiers(a), dossiers(b))
    assert join(x, x) is x
    assert join(x, dossiers(b)) is x
    assert join(x, decode(encode(x))) is x


@given(MANY)
def test_a_dossier_survives_its_encoding(a: list[Activity]) -> None:
    x = dossiers(a)
    assert decode(encode(x)) == x


def evidence(times: list[int], places: int = 3) -> Sightings:
    return thin(
        Sightings(
            tuple(sorted({Evidence(t * 13 * SECOND, f"e{t}", place=f"10.{t % places}.0.1") for t in times}))
        )
    )


@given(st.lists(st.integers(0, 9000), max_size=400), st.lists(st.integers(0, 9000), max_size=400))
def test_thinning_commutes_with_joining(a: list[int], b: list[int]) -> None:
    assert thin(merge(evidence(a), evidence(b))) == evidence(a + b)


@given(
    st.lists(st.integers(0, 900), max_size=200),
    st.lists(st.integers(0, 900), max_size=200),
    st.integers(0, 900),
)
def test_the_first_uses_after_an_end_that_was_known_are_pinned_for_good(
    a: list[int], b: list[int], end: int
) -> None:
    known = Credential(turns=(Turn(end * 13 * SECOND, False, "kill", Evidence(end, "kill")),))
    dossier = Dossier(credentials={"c": known})
    for times in (a, b):
        raw = Sightings(tuple(sorted({Evidence(t * 13 * SECOND, f"e{t}") for t in times})))
        dossier = canonical(
            join(dossier, Dossier(credentials={"c": Credential(uses={"succeeded": raw} if times else {})}))
        )[0]
    after = sorted({t for t in a + b if t > end})
    found = View("c", dossier).uses(dossier.credentials["c"], "succeeded")
    assert [e.uid for e in found if e.time > end * 13 * SECOND][:1] == [f"e{t}" for t in after[:1]]


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=300))
def test_thinning_keeps_the_first_and_the_last(times: list[int]) -> None:
    kept = evidence(times, 1).kept
    assert kept[0].time == min(times) * 13 * SECOND
    assert kept[-1].time == max(times) * 13 * SECOND
    assert len(kept) <= KEPT_MAX


@settings(max_examples=100, deadline=None)
@given(st.lists(activities(), max_size=14), st.integers(0, 1000))
def test_any_order_duplication_batching_partition_count_and_restart_give_the_same_verdicts(
    many: list[Activity], seed: int
) -> None:
    every_way(many, seed=seed)
