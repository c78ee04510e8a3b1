"""Grants: a removal names the grant alone, and reaches everybody who held it."""

from __future__ import annotations

from typing import Any

from correlators.kernel.caps import canonical
from correlators.kernel.routes.grants import SESSIONS_MARK, SESSIONS_MAX
from schemas.activity import Activity, Granted, Session, Withdrawn
from schemas.dossier import Dossier, Grant, Opened
from schemas.evidence import SECOND, Evidence
from schemas.stored import decode
from tests.support.make import T0
from tests.support.scenario import World, every_way, run

GRANT = "k8s:c1:rolebinding/shop/reader"
A, B = "k8s:c1:shop/a", "k8s:c1:shop/b"


def act(uid: str, at: int, *effects: Any, identity: str = "k8s:c1:user/admin", **more: Any) -> Activity:
    return Activity(
        uid,
        T0 + at * SECOND,
        "kubernetes",
        "c1",
        identity,
        credential=f"k8s:c1:jti/{identity[-1]}",
        outcome="succeeded",
        operation="list configmaps",
        effects=effects,
        **more,
    )


def granted(uid: str, at: int, *identities: str) -> Activity:
    return act(uid, at, Granted(GRANT, "k8s:c1:role/shop/reader", "create", tuple(identities)))


def removed(uid: str, at: int, *kept: str) -> Activity:
    return act(uid, at, Withdrawn(GRANT, "delete", tuple(kept)))


def grant_of(world: World, identity: str) -> list[tuple[str, bool]]:
    """The turns of the grant in an identity's dossier: event and whether it was given."""
    for store in world.stores:
        if identity in store:
            grant = decode(store[identity]).grants.get(GRANT, Grant())
            return [(turn.evidence.uid, turn.alive) for turn in grant.turns]
    return []


def test_a_removal_reaches_those_who_were_given_the_grant_in_any_order() -> None:
    world = every_way([granted("g", 1, A, B), removed("r", 9)])
    assert grant_of(world, A) == grant_of(world, B) == [("g", True), ("r", False)]
    late = run([removed("r", 9), granted("g", 1, A)])
    assert grant_of(late, A) == [("g", True), ("r", False)]


def test_a_removal_reaches_those_who_were_only_seen_using_it() -> None:
    world = every_way([act("u", 3, identity=A, allowed_by=GRANT), removed("r", 9)])
    assert grant_of(world, A) == [("r", False)]


def test_whoever_is_kept_keeps_it() -> None:
    world = every_way([granted("g", 1, A, B), removed("r", 9, B)])
    assert grant_of(world, A) == [("g", True), ("r", False)]
    assert grant_of(world, B) == [("g", True)]


def test_where_a_group_keeps_it_nobodys_end_is_said() -> None:
    world = every_way([granted("g", 1, A), removed("r", 9, "k8s:c1:group/everybody")])
    assert grant_of(world, A) == [("g", True)]


def test_uses_stand_under_the_grant_that_allowed_them() -> None:
    world = run([act("u1", 3, identity=A, allowed_by=GRANT), act("u2", 4, identity=A)])
    (dossier,) = [decode(store[A]) for store in world.stores if A in store]
    assert [e.uid for e in dossier.grants[GRANT].uses["succeeded"].kept] == ["u1"]


def test_many_uses_and_sessions_are_kept_within_their_caps_and_marked() -> None:
    uses = [act(f"u{n:04}", n, Session(A), identity=A, allowed_by=GRANT) for n in range(3 * SESSIONS_MAX)]
    world = run(uses)
    (dossier,) = [decode(store[A]) for store in world.stores if A in store]
    kept = sorted(session.began.uid for session in dossier.sessions.values())
    assert kept == [a.uid for a in uses[-SESSIONS_MAX:]]
    assert SESSIONS_MARK in dossier.marks
    assert len(dossier.grants[GRANT].uses["succeeded"].kept) < len(uses)


def test_the_begin_and_the_end_of_a_session_are_one_session_in_any_order() -> None:
    began = act("s", 3, Session(A), identity=A)
    ended = act("s", 3, Session(A, T0 + 20 * SECOND), identity=A)
    for many in ([began, ended], [ended, began], [ended]):
        (dossier,) = [decode(store[A]) for store in run(many).stores if A in store]
        assert [(s.began.uid, s.ended) for s in dossier.sessions.values()] == [("s", T0 + 20 * SECOND)]


def test_short_sessions_push_out_none_that_stands_open_and_none_that_stood_open_for_long() -> None:
    held = {"open": Opened(Evidence(T0, "open")), "long": Opened(Evidence(T0, "long"), T0 + 9_999)}
    short = {f"s{n:04}": Opened(Evidence(T0 + n, f"s{n:04}"), T0 + n + 1) for n in range(1_000)}
    kept = canonical(Dossier(sessions={**held, **short}))[0].sessions
    assert {"open", "long", "s0999"} <= kept.keys() and len(kept) < 400


def test_capping_twice_is_capping_once() -> None:
    many = {f"s{n:04}": Opened(Evidence(T0 + n, f"s{n:04}")) for n in range(2 * SESSIONS_MAX)}
    once = canonical(Dossier(sessions=many))[0]
    assert canonical(once)[0] == once
