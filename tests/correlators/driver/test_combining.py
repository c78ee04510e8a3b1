"""Combined facts are the same facts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from correlators.driver import gathering
from correlators.driver.combining import Combiner
from correlators.kernel.caps import canonical
from correlators.kernel.knowledge.join import join
from schemas.activity import Activity, Ended, Issued, Parent
from schemas.dossier import Dossier
from schemas.fact import DAY, facts_of

ADDRESSES = st.sampled_from(["", "10.0.0.1", "10.0.0.2", "10.0.1.1", "192.0.2.7", "2001:db8::1", "vpce-1"])
EFFECTS = st.sampled_from(
    [
        (),
        (),
        (),
        (Ended("deleted key", "deleted", "key/a", "user/a"),),
        (Issued("key/b", "user/b", parents={"key/a": Parent("came_from", "user/a")}),),
    ]
)
ACTIVITIES = st.builds(
    Activity,
    uid=st.sampled_from([f"e{n}" for n in range(6)]),
    time=st.integers(1, 12).map(lambda n: n * 30_000_000) | st.integers(1, 12).map(lambda n: n * DAY),
    source=st.just("cloudtrail"),
    identity=st.sampled_from(["", "user/a", "user/b"]),
    credential=st.sampled_from(["", "key/a", "key/b"]),
    names=st.sampled_from([(), ("accessor/a",)]),
    operation=st.sampled_from(["Get", "Put"]),
    outcome=st.sampled_from(["succeeded", "failed", "unauthenticated", "unknown"]),
    action=st.sampled_from(["", "service", "identity_write"]),
    actor_name=st.sampled_from(["", "i-0123456789abcdef0"]),
    service=st.sampled_from(["", "s3", "iam"]),
    place=ADDRESSES,
    client=st.sampled_from(["", "cli", "sdk"]),
    incarnation=st.sampled_from(["", "u-1", "u-2"]),
    allowed_by=st.sampled_from(["", "grant/a", "grant/b"]),
    arrived=st.sampled_from([0, 5, 9]),
    effects=EFFECTS,
)


NAMED = st.builds(
    Activity,
    uid=st.sampled_from([f"e{n}" for n in range(6)]),
    time=st.integers(1, 4).map(lambda n: n * DAY),
    source=st.just("vault"),
    identity=st.sampled_from(["", "vault:default:entity/1", "vault:default:entity/2"]),
    credential=st.just("vault:default:accessor/1"),
    outcome=st.sampled_from(["succeeded", "unauthenticated"]),
    actor_name=st.sampled_from(["", "payments", "billing", "token-payments"]),
)
"""Uses by identities whose keys hold ids, so that what the log calls them is learned."""


def one_by_one(activities: list[Activity]) -> dict[str, Dossier]:
    facts: dict[str, Dossier] = {}
    for activity in activities:
        for key, fact in facts_of(activity):
            facts[key] = join(facts[key], fact) if key in facts else fact
    return facts


def combined(activities: list[Activity]) -> dict[str, Dossier]:
    combiner = Combiner()
    for activity in activities:
        combiner.take(activity)
    return combiner.drain()


def canonically(facts: dict[str, Dossier]) -> dict[str, Dossier]:
    return {key: canonical(fact)[0] for key, fact in facts.items()}


@given(st.lists(ACTIVITIES, max_size=40))
def test_combined_facts_equal_the_facts_of_each_activity_joined(activities: list[Activity]) -> None:
    assert canonically(combined(activities)) == canonically(one_by_one(activities))


def test_a_credential_that_makes_all_the_noise_is_thinned_to_the_same_sightings() -> None:
    noise = [
        Activity(
            f"e{n}", n * 1_000_000, "cloudtrail", identity="user/a", credential="key/a", outcome="succeeded"
        )
        for n in range(1, gathering.GROUP_MAX * 2 + 10)
    ]
    facts = combined(noise)
    assert len(facts["user/a"].credentials["key/a"].uses["succeeded"].kept) < 256
    assert canonically(facts) == canonically(one_by_one(noise))


def test_draining_begins_anew() -> None:
    combiner = Combiner()
    combiner.take(Activity("e", 1, "cloudtrail", identity="user/a", credential="key/a", outcome="succeeded"))
    assert combiner.drain()
    assert not combiner.drain()


@given(st.lists(NAMED, max_size=12))
def test_names_are_combined_as_they_are_learned_one_by_one(many: list[Activity]) -> None:
    assert combined(many) == one_by_one(many)
