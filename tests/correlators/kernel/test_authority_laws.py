"""The laws of who is believed: whatever others say, in any order, what the provider shows stays told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.activity import (
    Activity,
    Ended,
    Issued,
    Known,
    Restored,
)
from schemas.authority import Authority, is_identity
from schemas.verdict import Clock, Severity
from tests.support.hearsay import ELSEWHERE, SESSION, hearsay
from tests.support.make import KEY, ROLE, T0, USER, change, issue, kill, restore, use
from tests.support.scenario import HOUR, World, every_way, taught

NOW = T0 + 12 * HOUR
OWN = [
    use("u0", 0),
    issue("issued", 100, SESSION, ROLE, parent=KEY, home=USER),
    kill("end", 600),
    use("u1", 3_600),
    use("s1", 3_700, ROLE, SESSION),
    use("u2", 7_200),
]
"""A key that ended, and goes on; what it was exchanged for goes on too."""


def clock() -> Clock:
    return Clock(NOW, {"cloudtrail": NOW, "vault": NOW, "mcp": NOW, "ocsf": NOW})


def loud(world: World, by_others: bool = False) -> dict[tuple[str, str], tuple[str, int]]:
    """What stands open, by control and subject: about whom, and how severe. ``by_others``: of what is so by
    the word of others alone."""
    return {
        (v.control, f"{v.subject} {v.voice} {v.identity}" if by_others else v.subject): (
            v.identity,
            int(v.severity),
        )
        for r in world.last.values()
        if (v := r.verdict) and r.reported.open and v.severity and bool(v.voice) == by_others
    }


ALONE = loud(every_way(OWN, clock()))


def test_what_the_provider_shows_by_itself_is_told() -> None:
    assert ALONE["revoked_credential_used", KEY] == (USER, Severity.HIGH)
    assert any(control == "outlived_parent" for control, _ in ALONE)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(hearsay(), min_size=1, max_size=5), st.integers(0, 99))
def test_what_others_say_closes_nothing_moves_nothing_and_lowers_nothing(
    many: list[Activity], seed: int
) -> None:
    world = every_way([*OWN, *many], clock(), seed)
    assert {key: loud(world).get(key) for key in ALONE} == ALONE
    beyond = loud(world, by_others=True)
    assert all(severity <= Severity.MEDIUM for _, severity in beyond.values()), beyond


@pytest.mark.slow
def test_what_others_say_of_a_key_and_of_its_session_is_the_same_in_any_order() -> None:
    """A source of others claims that the key is another's, and that its session has expired: what is told by
    its word of the session depends on which it said first."""
    restored = Restored("enabled", "disabled", KEY, ROLE)
    expired = Known(SESSION, USER, names=(USER,), expires=T0, person=True, theirs=True)
    for seed in range(8):
        every_way(
            [
                *OWN,
                use("l1", 0, "vault:prod:entity/e", source="leaks", effects=(restored,)),
                use("l2", 0, source="leaks", effects=(expired,)),
            ],
            clock(),
            seed,
        )


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(hearsay(), min_size=1, max_size=5), st.integers(0, 99))
def test_what_others_say_proves_nothing_of_a_key_that_is_only_off(many: list[Activity], seed: int) -> None:
    world = every_way([use("u0", 0), kill("end", 600), *many], clock(), seed)
    mine = [r.verdict for r in world.last.values() if r.verdict and r.verdict.subject == KEY]
    assert all(v.value != "proven" for v in mine), mine


@settings(max_examples=25)
@given(
    st.integers(700, 11_000),
    st.sampled_from(["admin", "own", "other", "ocsf", "inventory"]),
    st.integers(0, 99),
)
def test_an_end_is_taken_back_by_who_stated_it_and_by_declarations_alone(
    at: int, who: str, seed: int
) -> None:
    undoing = {
        "admin": restore("on", at),
        "own": change("on", at, Restored("on", "disabled", KEY, USER), identity=USER, credential="aws:key/X"),
        "other": change("on", at, Restored("on", "disabled", KEY, USER), identity="aws:111122223333:user/b"),
        "ocsf": change("on", at, Restored("on", "disabled", KEY, USER), source="ocsf", instance="lake"),
        "inventory": change("on", at, Restored("on", "disabled", KEY, USER), source="inventory", identity=""),
    }[who]
    off = kill("end", 600, kind="disabled", how="UpdateAccessKey")
    alarms = loud(every_way([use("u0", 0), off, use("u1", 650), undoing], clock(), seed))
    assert (("revoked_credential_used", KEY) in alarms) == (who in ("own", "other", "ocsf"))


@settings(max_examples=10)
@given(st.lists(hearsay(), min_size=1, max_size=4), st.integers(0, 99))
def test_a_grant_makes_hearsay_the_providers_own_word_whenever_it_is_given(
    many: list[Activity], seed: int
) -> None:
    """What was known as hearsay counts as if the provider had said it, with the very facts."""
    granted = Authority((("ocsf", "aws:*"),))
    restored = change("on", 9_000, Restored("on", "disabled", KEY, USER), source="ocsf", instance="lake")
    off = change("end", 600, Ended("off", "disabled", KEY, USER), source="ocsf", instance="lake")
    used = [use("u0", 0, source="ocsf", instance="lake"), use("u1", 3_600, source="ocsf", instance="lake")]
    others = [a for a in many if a.source != "ocsf"]
    assert ("revoked_credential_used", KEY) not in loud(every_way([*used, off, *others], clock(), seed))
    world = World(1, clock(), authority=granted)
    for activity in (*used, off):
        world.take(taught(activity))
    world.settle()
    assert loud(world)["revoked_credential_used", KEY] == (USER, Severity.HIGH)
    world.take(taught(restored))
    world.settle()
    assert ("revoked_credential_used", KEY) not in loud(world)


@pytest.mark.parametrize(
    "key", [USER, ROLE, "vault:prod:entity/e", "k8s:c1:shop/web", "gcp:p:a@p.iam.gserviceaccount.com"]
)
def test_an_identity_is_nobodys_credential(key: str) -> None:
    assert is_identity(key)
    for effect in (Known(key, ELSEWHERE), Issued(key, ELSEWHERE), Ended("x", "deleted", key, ELSEWHERE)):
        world = every_way([change("c", 0, effect), use("u", 60, key, "")], clock())
        assert not any(key in d.credentials for d in world.dossiers().values() if hasattr(d, "credentials"))
