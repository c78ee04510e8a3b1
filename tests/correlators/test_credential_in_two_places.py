"""Cases of credential_in_two_places."""

from __future__ import annotations

import pytest

from schemas.activity import Activity, Stated
from schemas.declaration import Declaration
from schemas.verdict import Confidence, Severity
from tests.correlators.test_revoked_credential_used import must, verdict_of
from tests.support import kubernetes
from tests.support.make import KEY, ROLE, T0, USER, kill, restore, use

NAME = "credential_in_two_places"
A, B = "198.51.100.7", "203.0.113.9"


def at(uid: str, when: float, place: str, **more: object) -> Activity:
    return use(uid, when, place=place, **more)


def declared(*places: str) -> Activity:
    body = Declaration(T0 - 1, "inv", places=places)
    return Activity("inv", T0, "inventory", effects=(Stated(USER, body),))


def test_two_networks_within_ten_minutes_violate() -> None:
    verdict = must([at("a", 0, A), at("b", 300, B)], KEY, NAME)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["a", "b"]


def test_a_move_that_takes_longer_says_nothing() -> None:
    assert verdict_of([at("a", 0, A), at("b", 700, B), at("c", 1400, B)], KEY, NAME) is None


def test_both_places_approved_say_nothing_and_one_of_them_does() -> None:
    uses = [at("a", 0, A), at("b", 60, B)]
    assert verdict_of([declared("198.51.100.0/24", "203.0.113.0/24"), *uses], KEY, NAME) is None
    assert must([declared("198.51.100.0/24"), *uses], KEY, NAME).value == "violated"


def test_addresses_of_one_network_need_to_alternate() -> None:
    one, two = at("a", 0, "10.0.0.2"), at("b", 60, "10.0.0.3")
    assert verdict_of([one, two], KEY, NAME) is None
    assert must([one, two, at("c", 120, "10.0.0.2")], KEY, NAME).value == "violated"
    assert verdict_of([one, two, at("c", 420, "10.0.0.2")], KEY, NAME) is None


def test_refused_tries_unknown_places_services_and_other_families_are_no_second_place() -> None:
    for second in (
        at("b", 60, B, outcome="unauthenticated"),
        at("b", 60, ""),
        at("b", 60, B, action="service"),
        at("b", 60, "2001:db8::1"),
        at("b", 60, B, credential="aws:key/SIBLING"),
    ):
        assert verdict_of([at("a", 0, A), second], KEY, NAME) is None


MACHINE = "i-0b22a22eec53b9321"


def of_machine(uid: str, when: float, place: str, key: str, machine: str = MACHINE) -> Activity:
    return use(uid, when, ROLE, f"aws:key/{key}", place=place, actor_name=f"batch/{machine}")


def test_two_keys_of_one_machine_s_session_in_two_places_are_one_finding() -> None:
    """A key stolen from the instance's metadata is not the one that the instance itself uses next."""
    verdict = must(
        [of_machine("own", 0, A, "ASIA1"), of_machine("copy", 300, B, "ASIA2")],
        f"{ROLE} on {MACHINE}",
        NAME,
    )
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["own", "copy"]


def test_keys_of_two_machines_and_of_sessions_with_chosen_names_say_nothing() -> None:
    own = of_machine("own", 0, A, "ASIA1")
    other = of_machine("other", 300, B, "ASIA2", "i-0f00000000000000a")
    named = of_machine("named", 300, B, "ASIA3", "deploy")
    assert verdict_of([own, other, named], f"{ROLE} on {MACHINE}", NAME) is None


def test_one_key_in_two_places_is_not_told_again_of_its_machine() -> None:
    many = [
        of_machine("own", 0, A, "ASIA1"),
        of_machine("copy", 60, B, "ASIA1"),
        of_machine("next", 90, A, "ASIA2"),
    ]
    assert must(many, "aws:key/ASIA1", NAME).value == "violated"
    assert verdict_of(many, f"{ROLE} on {MACHINE}", NAME) is None


def test_a_copy_in_the_middle_of_heavy_use_is_seen() -> None:
    heavy = [at(f"a{n}", n, A) for n in range(300)]
    assert must([*heavy, at("copy", 150.5, B)], KEY, NAME).value == "violated"


def test_two_named_places_of_a_provider_are_two_places_and_an_approved_one_is_none() -> None:
    both = [at("a", 0, "vpce-0a1b2c3d"), at("b", 60, "vpce-9f8e7d6c")]
    assert must(both, KEY, NAME).value == "violated"
    assert verdict_of([declared("vpce-0a1b2c3d", "vpce-9f8e7d6c"), *both], KEY, NAME) is None


def test_an_approval_that_takes_a_place_back_is_told_of_what_it_no_longer_covers() -> None:
    uses = [at("a", 0, A), at("b", 60, B)]
    later = Declaration(T0 + 1, "inv2", places=("198.51.100.0/24",))
    taken = Activity("inv2", T0 + 1, "inventory", effects=(Stated(USER, later),))
    assert must([declared("198.51.100.0/24", "203.0.113.0/24"), *uses, taken], KEY, NAME).value == "violated"


def test_two_places_of_a_key_that_is_disabled_and_enabled_in_between_are_still_two() -> None:
    many = [at("a", 0, A), kill("off", 20, kind="disabled"), restore("on", 40), at("b", 60, B)]
    assert must(many, KEY, NAME).value == "violated"


@pytest.mark.parametrize("outcome", ["failed", "forbidden"])
def test_every_authenticated_use_is_a_use_from_its_place(outcome: str) -> None:
    verdict = must([at("a", 0, A), at("b", 60, B, outcome=outcome)], KEY, NAME)
    assert (verdict.value, verdict.confidence) == ("violated", Confidence.MEDIUM)


@pytest.mark.parametrize(
    ("outcome", "severity"), [("succeeded", Severity.HIGH), ("forbidden", Severity.MEDIUM)]
)
def test_a_credential_that_wrote_identities_is_high(outcome: str, severity: Severity) -> None:
    write = at("w", 3600, A, action="identity_write", outcome=outcome)
    assert must([at("a", 0, A), at("b", 60, B), write], KEY, NAME).severity == severity


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ("2001:db8:1:1::1", "2001:db8:1:2::1", False),
        ("2001:db8:1::1", "2001:db8:2::1", True),
        ("10.0.0.1", "10.0.0.254", False),
        ("10.0.0.1", "10.0.1.1", True),
        ("vpce-0a1b2c3d", "10.0.0.1", True),
    ],
    ids=["one /48", "two /48", "one /24", "two /24", "an endpoint and an address"],
)
def test_a_place_is_a_network(one: str, two: str, apart: bool) -> None:
    assert (verdict_of([at("a", 0, one), at("b", 60, two)], KEY, NAME) is not None) == apart


@pytest.mark.parametrize(
    "places",
    [[(0, 2), (0, 3), (60, 2)], [(0, 2), (60, 3), (60, 2)], [(0, 2), (60, 3), (90, 4)]],
    ids=["at once, then one", "one, then at once", "three that move on"],
)
def test_only_there_and_back_is_alternation(places: list[tuple[int, int]]) -> None:
    many = [at(f"u{n}", when, f"10.0.0.{host}") for n, (when, host) in enumerate(places)]
    assert verdict_of(many, KEY, NAME) is None


def test_addresses_of_two_families_do_not_alternate() -> None:
    many = [at("a", 0, "10.0.0.2"), at("b", 60, "2001:db8::1"), at("c", 120, "10.0.0.2")]
    assert verdict_of(many, KEY, NAME) is None


@pytest.mark.parametrize(
    ("one", "two", "apart"),
    [
        ("10.0.0.1", A, False), (A, "100.64.0.1", False), ("10.0.0.1", "192.168.0.1", False),
        ("vpce-0a1b2c3d", "10.0.0.1", False), ("fd00::1", "2001:db8::1", False), (A, B, True),
    ],
)  # fmt: skip
def test_what_one_service_sees_from_inside_another_may_see_from_outside(
    one: str, two: str, apart: bool
) -> None:
    """An EKS user's key: private in the cluster's log, public in CloudTrail."""
    many = [at("a", 0, one), at("b", 60, two, source="kubernetes"), at("c", 120, one)]
    assert (verdict_of(many, KEY, NAME) is not None) == apart


def test_of_two_services_each_is_asked_for_two_places() -> None:
    inside = [
        at(f"in{n}", n, place, source="kubernetes") for n, place in ((10, "10.0.0.1"), (90, "10.0.9.1"))
    ]
    seen = [at("out", 50, A), *inside]
    assert [e.uid for e in must(seen, KEY, NAME).evidence] == ["in10", "in90"]


def test_what_a_client_writes_into_forwarding_headers_is_no_place() -> None:
    """The API server lists forwarded addresses before the peer that it sees itself."""
    home, jti = kubernetes.ACCOUNT, f"k8s:c1:jti/{kubernetes.JTI}"
    own = kubernetes.activity(kubernetes.event(0, sourceIPs=["10.1.2.3"]))
    forged = kubernetes.activity(kubernetes.event(60, sourceIPs=["203.0.113.9", "10.1.2.3"]))
    copied = kubernetes.activity(kubernetes.event(120, sourceIPs=["10.1.2.3", "203.0.113.9"]))
    assert (own.identity, own.credential) == (home, jti)
    assert verdict_of([own, forged], jti, NAME) is None
    assert must([own, forged, copied], jti, NAME).value == "violated"


def test_its_title_tells_what_is_used_where_and_its_reason_what_is_approved() -> None:
    uses = [at("a", 0, A), at("b", 60, B)]
    bare = must(uses, KEY, NAME)
    assert bare.title.endswith(f"credential {KEY} is used from {A} and {B}")
    assert bare.reason.endswith("no places are declared for it")
    assert must([declared("198.51.100.0/24"), *uses], KEY, NAME).reason.endswith("approved: 198.51.100.0/24")
