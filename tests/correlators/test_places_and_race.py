"""Cases of credential_in_two_places and revocation_race."""

from __future__ import annotations

from schemas.activity import Activity, Issued, Stated
from schemas.declaration import Declaration
from schemas.verdict import Severity
from tests.correlators.test_revoked_credential_used import must, verdict_of
from tests.support.make import KEY, ROLE, SESSION, T0, USER, issue, kill, restore, use

PLACES, RACE = "credential_in_two_places", "revocation_race"
A, B = "198.51.100.7", "203.0.113.9"


def at(uid: str, when: float, place: str, **more: object) -> Activity:
    return use(uid, when, place=place, **more)


def declared(*places: str) -> Activity:
    body = Declaration(T0 - 1, "inv", places=places)
    return Activity("inv", T0, "inventory", effects=(Stated(USER, body),))


def test_two_networks_within_ten_minutes_violate() -> None:
    verdict = must([at("a", 0, A), at("b", 300, B)], KEY, PLACES)
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["a", "b"]


def test_a_move_that_takes_longer_says_nothing() -> None:
    assert verdict_of([at("a", 0, A), at("b", 700, B), at("c", 1400, B)], KEY, PLACES) is None


def test_both_places_approved_say_nothing_and_one_of_them_does() -> None:
    uses = [at("a", 0, A), at("b", 60, B)]
    assert verdict_of([declared("198.51.100.0/24", "203.0.113.0/24"), *uses], KEY, PLACES) is None
    assert must([declared("198.51.100.0/24"), *uses], KEY, PLACES).value == "violated"


def test_addresses_of_one_network_need_to_alternate() -> None:
    one, two = at("a", 0, "10.0.0.2"), at("b", 60, "10.0.0.3")
    assert verdict_of([one, two], KEY, PLACES) is None
    assert must([one, two, at("c", 120, "10.0.0.2")], KEY, PLACES).value == "violated"
    assert verdict_of([one, two, at("c", 420, "10.0.0.2")], KEY, PLACES) is None


def test_refused_tries_unknown_places_services_and_other_families_are_no_second_place() -> None:
    for second in (
        at("b", 60, B, outcome="unauthenticated"),
        at("b", 60, ""),
        at("b", 60, B, action="service"),
        at("b", 60, "2001:db8::1"),
        at("b", 60, B, credential="aws:key/SIBLING"),
    ):
        assert verdict_of([at("a", 0, A), second], KEY, PLACES) is None


MACHINE = "i-0b22a22eec53b9321"


def of_machine(uid: str, when: float, place: str, key: str, machine: str = MACHINE) -> Activity:
    return use(uid, when, ROLE, f"aws:key/{key}", place=place, actor_name=f"batch/{machine}")


def test_two_keys_of_one_machine_s_session_in_two_places_are_one_finding() -> None:
    """A key stolen from the instance's metadata is not the one that the instance itself uses next."""
    verdict = must(
        [of_machine("own", 0, A, "ASIA1"), of_machine("copy", 300, B, "ASIA2")],
        f"{ROLE} on {MACHINE}",
        PLACES,
    )
    assert (verdict.value, verdict.severity) == ("violated", Severity.MEDIUM)
    assert [e.uid for e in verdict.evidence] == ["own", "copy"]


def test_keys_of_two_machines_and_of_sessions_with_chosen_names_say_nothing() -> None:
    own = of_machine("own", 0, A, "ASIA1")
    other = of_machine("other", 300, B, "ASIA2", "i-0f00000000000000a")
    named = of_machine("named", 300, B, "ASIA3", "deploy")
    assert verdict_of([own, other, named], f"{ROLE} on {MACHINE}", PLACES) is None


def test_one_key_in_two_places_is_not_told_again_of_its_machine() -> None:
    many = [
        of_machine("own", 0, A, "ASIA1"),
        of_machine("copy", 60, B, "ASIA1"),
        of_machine("next", 90, A, "ASIA2"),
    ]
    assert must(many, "aws:key/ASIA1", PLACES).value == "violated"
    assert verdict_of(many, f"{ROLE} on {MACHINE}", PLACES) is None


def test_a_copy_in_the_middle_of_heavy_use_is_seen() -> None:
    heavy = [at(f"a{n}", n, A) for n in range(300)]
    assert must([*heavy, at("copy", 150.5, B)], KEY, PLACES).value == "violated"


def test_a_write_to_identities_right_after_the_kill_is_critical() -> None:
    verdict = must([kill("kill", 10), use("write", 15, action="identity_write")], KEY, RACE)
    assert (verdict.value, verdict.severity) == ("violated", Severity.CRITICAL)
    assert [e.uid for e in verdict.claim] == ["kill"] and [e.uid for e in verdict.evidence] == ["write"]


def test_a_write_before_the_kill_or_long_after_or_of_another_kind_is_no_race() -> None:
    for other in (use("w", 5, action="identity_write"), use("w", 80, action="identity_write"), use("w", 15)):
        assert verdict_of([kill("kill", 10), other], KEY, RACE) is None


def test_a_job_that_revokes_itself_does_not_race() -> None:
    own = kill("kill", 10).__class__(
        **{f: getattr(kill("kill", 10), f) for f in kill("kill", 10).__struct_fields__}
        | {"identity": USER, "credential": KEY}
    )
    assert verdict_of([own, use("write", 15, action="identity_write")], KEY, RACE) is None


def test_a_session_of_the_killed_key_races_too() -> None:
    many = [
        issue("i", 0, SESSION, ROLE, KEY, USER),
        kill("kill", 10),
        use("write", 15, ROLE, SESSION, action="identity_write"),
    ]
    assert must(many, KEY, RACE).severity == Severity.CRITICAL


def test_refused_writes_prove() -> None:
    assert (
        must(
            [kill("kill", 10), use("w", 15, action="identity_write", outcome="unauthenticated")], KEY, RACE
        ).value
        == "proven"
    )


def test_a_race_that_was_lost_does_not_hide_a_later_one_that_was_won() -> None:
    many = [
        kill("off", 10, kind="disabled"),
        use("no", 15, action="identity_write", outcome="unauthenticated"),
        restore("on", 500),
        kill("off again", 1000, kind="disabled"),
        use("write", 1005, action="identity_write"),
    ]
    verdict = must(many, KEY, RACE)
    assert (verdict.value, verdict.severity) == ("violated", Severity.CRITICAL)
    assert [e.uid for e in (*verdict.claim, *verdict.evidence)] == ["off again", "write"]


def test_a_write_after_it_was_enabled_again_is_no_race() -> None:
    many = [kill("off", 10, kind="disabled"), use("write", 40, action="identity_write"), restore("on", 30)]
    assert verdict_of(many, KEY, RACE) is None


def test_a_rotation_that_makes_the_new_one_before_it_kills_the_old_one_is_no_race() -> None:
    new = use("make", 9, action="identity_write", effects=(Issued("aws:key/NEW", USER, "access_key"),))
    assert verdict_of([new, kill("kill", 10), use("works", 20, credential="aws:key/NEW")], KEY, RACE) is None


def test_a_write_between_two_producers_clocks_is_no_race() -> None:
    written = use("write", 11, action="identity_write", source="vault")
    assert verdict_of([kill("kill", 10), written], KEY, RACE) is None
    assert must([kill("kill", 10), use("write", 13, action="identity_write", source="vault")], KEY, RACE)


def test_two_named_places_of_a_provider_are_two_places_and_an_approved_one_is_none() -> None:
    both = [at("a", 0, "vpce-0a1b2c3d"), at("b", 60, "vpce-9f8e7d6c")]
    assert must(both, KEY, PLACES).value == "violated"
    assert verdict_of([declared("vpce-0a1b2c3d", "vpce-9f8e7d6c"), *both], KEY, PLACES) is None


def test_an_approval_that_takes_a_place_back_is_told_of_what_it_no_longer_covers() -> None:
    uses = [at("a", 0, A), at("b", 60, B)]
    later = Declaration(T0 + 1, "inv2", places=("198.51.100.0/24",))
    taken = Activity("inv2", T0 + 1, "inventory", effects=(Stated(USER, later),))
    assert (
        must([declared("198.51.100.0/24", "203.0.113.0/24"), *uses, taken], KEY, PLACES).value == "violated"
    )


def test_two_places_of_a_key_that_is_disabled_and_enabled_in_between_are_still_two() -> None:
    many = [at("a", 0, A), kill("off", 20, kind="disabled"), restore("on", 40), at("b", 60, B)]
    assert must(many, KEY, PLACES).value == "violated"
