"""Refusals that name nobody, set beside what the server looked for: whose they were, in any order."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from correlators.kernel.caps import canonical, expired
from correlators.kernel.knowledge.inferred import TRIED
from correlators.kernel.knowledge.join import join
from correlators.kernel.routes import lookups
from correlators.kernel.routes.lookups import FLOOD_MARK
from correlators.kernel.views.view import View
from schemas.activity import Activity
from schemas.dossier import EMPTY, Dossier
from schemas.fact import facts_of
from schemas.sharding import GLIMPSE_PREFIX, GLIMPSE_SPAN, group_key
from schemas.verdict import Clock
from tests.support.kubernetes import (
    ACCOUNT,
    PREFIX,
    account,
    deleted,
    event,
    looked_up,
    reading,
    ref,
    token_issued,
    unauthorized,
)
from tests.support.scenario import World, clock_after, every_way, run

DAY = 86_400_000_000


def activities(*records: Any) -> list[Activity]:
    return [a for record in records for a in reading(record).activities]


def revoked(*more: Any) -> list[Activity]:
    """A token issued, used, its account deleted; then these."""
    return activities(token_issued(1), event(2), deleted(3, "serviceaccounts", "mailer"), *more)


def statuses(world: World) -> dict[str, str]:
    """What stands of ``revoked_credential_used``, by subject."""
    return {
        r.verdict.subject: r.verdict.value
        for r in world.last.values()
        if r.verdict and r.verdict.control == "revoked_credential_used"
    }


def test_a_refusal_with_one_look_up_in_it_is_a_try_of_what_was_looked_for() -> None:
    world = every_way(revoked(unauthorized(30), looked_up(30.001, "serviceaccounts", "mailer")))
    assert statuses(world)[ACCOUNT] == "proven"


def test_a_refusal_without_a_look_up_is_nobodys() -> None:
    world = every_way(revoked(unauthorized(30)))
    assert ACCOUNT not in statuses(world)


@pytest.mark.parametrize("at", [29.9995, 30.0025, 25.0, 34.5])
def test_a_look_up_that_is_not_within_the_refusal_says_nothing(at: float) -> None:
    world = every_way(revoked(unauthorized(30), looked_up(at, "serviceaccounts", "mailer")))
    assert ACCOUNT not in statuses(world)


def test_a_refusal_that_began_in_one_bucket_and_ended_in_the_next_meets_its_look_up() -> None:
    begin = 4 * 20 - 0.0005
    assert (
        int(activities(unauthorized(begin))[0].time) // GLIMPSE_SPAN
        != int(activities(unauthorized(begin + 0.001))[0].time) // GLIMPSE_SPAN
    )
    world = every_way(revoked(unauthorized(begin), looked_up(begin + 0.001, "serviceaccounts", "mailer")))
    assert statuses(world)[ACCOUNT] == "proven"


def test_two_look_ups_for_different_things_leave_it_open_whose_it_was() -> None:
    world = every_way(
        revoked(
            unauthorized(30),
            looked_up(30.0005, "serviceaccounts", "mailer", auditID="l1"),
            looked_up(30.001, "serviceaccounts", "other", auditID="l2"),
        )
    )
    assert statuses(world).get(ACCOUNT) != "proven"


def test_a_second_candidate_that_comes_late_takes_the_inference_back() -> None:
    inferred = revoked(unauthorized(30), looked_up(30.0005, "serviceaccounts", "mailer", auditID="l1"))
    late = activities(looked_up(30.001, "serviceaccounts", "other", auditID="l2"))
    world = run(inferred, clock_after(inferred))
    assert statuses(world)[ACCOUNT] == "proven"
    for activity in late:
        world.take(facts_of(activity))
    world.settle()
    assert statuses(world)[ACCOUNT] == "assumed"


def test_of_two_refusals_around_one_look_up_one_is_meant_and_that_is_proof_enough() -> None:
    world = every_way(
        revoked(
            unauthorized(30, auditID="a"),
            unauthorized(30.0001, auditID="b"),
            looked_up(30.001, "serviceaccounts", "mailer"),
        )
    )
    assert statuses(world)[ACCOUNT] == "proven"


def test_two_refusals_with_two_look_ups_for_one_thing_are_both_its() -> None:
    many = revoked(
        unauthorized(30, auditID="a"),
        unauthorized(30.0001, auditID="b"),
        looked_up(30.0005, "serviceaccounts", "mailer", auditID="l1"),
        looked_up(30.001, "serviceaccounts", "mailer", auditID="l2"),
    )
    world = every_way(many)
    proof = next(
        r.verdict
        for r in world.last.values()
        if r.verdict and r.verdict.subject == ACCOUNT and r.verdict.value == "proven"
    )
    assert {e.uid for e in proof.evidence} == {"a", "b"}


def test_a_look_up_for_a_pod_tells_who_held_tokens_bound_to_it() -> None:
    bound = {"kind": "Pod", "name": "web-1", "uid": "u-1"}
    many = activities(
        token_issued(1, bound=bound),
        event(2),
        deleted(3, "pods", "web-1", "u-1"),
        unauthorized(30),
        looked_up(30.001, "pods", "web-1"),
    )
    assert statuses(every_way(many))[f"{PREFIX}shop/pods/web-1"] == "proven"


def test_a_pod_made_again_under_its_name_does_not_end_its_own_tokens() -> None:
    first, second = ({"kind": "Pod", "name": "web-0", "uid": uid} for uid in ("u-1", "u-2"))
    other = "99999999-0000-4000-8000-000000000000"
    many = activities(
        token_issued(1, bound=first),
        token_issued(2, jti=other, bound=second),
        deleted(3, "pods", "web-0", "u-1"),
        event(60, user=account()),
        event(61, user=account(jti=other)),
    )
    found = statuses(every_way(many))
    assert found == {f"{PREFIX}jti/0b81481c-ddd2-4800-be9d-8b12b77218a8": "violated"}


def test_a_token_kept_in_a_secret_that_was_deleted_and_made_again_is_not_dead() -> None:
    notes = {
        "authentication.k8s.io/legacy-token": "x",
        "authentication.k8s.io/legacy-token-manual-secret": "mailer-token",
    }
    where = ref("secrets", "mailer-token")
    gone = event(3, verb="delete", objectRef=where, user=account("admin"))
    made = event(5, 201, verb="create", objectRef=where, user=account("admin"))
    used = event(60, user=account(jti=""), annotations=notes)
    assert statuses(every_way(activities(gone, used)))[f"{PREFIX}secret/shop/mailer-token"] == "violated"
    assert statuses(every_way(activities(gone, made, used)))[f"{PREFIX}secret/shop/mailer-token"] == "assumed"


def test_an_account_made_again_has_new_credentials() -> None:
    successor = account(jti="99999999-0000-4000-8000-000000000000", uid="u-2")
    many = revoked(event(60, user=successor))
    assert statuses(every_way(many)) == {f"{PREFIX}jti/0b81481c-ddd2-4800-be9d-8b12b77218a8": "assumed"}


def test_the_old_token_that_goes_on_working_after_its_account_was_made_again_is_found() -> None:
    many = revoked(event(60), event(61, user=account(jti="99999999-0000-4000-8000-000000000000", uid="u-2")))
    assert statuses(every_way(many)) == {f"{PREFIX}jti/0b81481c-ddd2-4800-be9d-8b12b77218a8": "violated"}


def test_the_cache_of_accepted_tokens_is_no_gap() -> None:
    assert set(statuses(every_way(revoked(event(13)))).values()) == {"assumed"}
    assert set(statuses(every_way(revoked(event(19)))).values()) == {"violated"}


def flood(size: int, start: float = 30.0) -> Dossier:
    """One bucket in which so many refusals came."""
    refusals = [unauthorized(start + n / 10_000, auditID=f"r{n}") for n in range(size)]
    facts = itertools.chain.from_iterable(
        facts_of(a) for a in activities(*refusals, looked_up(start + 0.0001, "serviceaccounts", "mailer"))
    )
    bucket = f"{GLIMPSE_PREFIX}{PREFIX}{activities(refusals[0])[0].time // GLIMPSE_SPAN}"
    dossier = EMPTY
    for key, fact in facts:
        if key == bucket:
            dossier = join(dossier, fact)
    return canonical(dossier)[0]


def test_a_flood_says_the_same_in_any_order() -> None:
    size = 30
    lookups.MOMENTS_MAX, cap = size // 2, lookups.MOMENTS_MAX
    try:
        refusals = [unauthorized(30 + n / 10_000, auditID=f"r{n:03}") for n in range(size)]
        world = every_way(revoked(*refusals, looked_up(30.001, "serviceaccounts", "mailer")))
    finally:
        lookups.MOMENTS_MAX = cap
    assert statuses(world)[ACCOUNT] == "assumed"


def test_a_flood_is_capped_and_nothing_is_inferred_in_it() -> None:
    dossier = flood(lookups.MOMENTS_MAX + 50)
    assert len(dossier.glimpses) <= 2 * lookups.MOMENTS_MAX
    assert dossier.marks == (FLOOD_MARK,)
    bucket = min(g.evidence.time for g in dossier.glimpses.values()) // GLIMPSE_SPAN
    account = EMPTY
    for key, fact in lookups.tries_of(f"{GLIMPSE_PREFIX}{PREFIX}{bucket}", dossier):
        assert key == ACCOUNT
        account = join(account, fact)
    assert account.credentials[ACCOUNT].uses[TRIED].kept
    assert View(ACCOUNT, account).uses(account.credentials[ACCOUNT], "unauthenticated") == ()


def test_buckets_are_kept_for_a_day_and_objects_that_nobody_rests_on_too() -> None:
    dossier = flood(3)
    last = max(g.until for g in dossier.glimpses.values())
    key = f"{GLIMPSE_PREFIX}{PREFIX}1"
    assert not expired(key, dossier, Clock(last + DAY // 2))
    assert expired(key, dossier, Clock(last + DAY + 1))
    group = f"{PREFIX}shop/pods/web-1"
    shard = group_key(group, "any")
    ((_, object_),) = [f for f in facts_of(activities(deleted(3, "pods", "web-1"))[0]) if f[0] == shard]
    end = object_.turns[group][0].time
    assert not expired(shard, object_, Clock(end + DAY // 2))
    assert expired(shard, object_, Clock(end + DAY + 1))
