"""Cases of credential_in_two_places."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Issued, Known, Lent, Stated
from schemas.declaration import Declaration
from schemas.verdict import Confidence, Severity
from tests.support import kubernetes
from tests.support.judged import must, verdict_of
from tests.support.make import KEY, ROLE, T0, USER, change, kill, restore, use
from tests.support.scenario import every_way

NAME = "credential_in_two_places"
A, B = "198.51.100.7", "203.0.113.9"


def at(uid: str, when: float, place: str, **more: Any) -> Activity:
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


def test_an_autonomous_system_is_held_against_what_records_say_and_else_left_to_habit() -> None:
    uses = [at("a", 0, A, asn=64500), at("b", 60, B, asn=64500)]
    assert verdict_of([declared("AS64500"), *uses], KEY, NAME) is None
    away = must([declared("AS64500"), uses[0], at("b", 60, B, asn=64501)], KEY, NAME)
    assert (away.value, away.evidence[-1].uid) == ("violated", "b")
    assert must([declared("AS64500"), at("a", 0, A), at("b", 60, B)], KEY, NAME).value == "violated"


def test_addresses_of_one_network_need_to_alternate() -> None:
    one, two = at("a", 0, "10.0.0.2"), at("b", 60, "10.0.0.3")
    assert verdict_of([one, two], KEY, NAME) is None
    assert must([one, two, at("c", 120, "10.0.0.2")], KEY, NAME).value == "violated"
    assert must([one, two, at("c", 7200, "10.0.0.2")], KEY, NAME).value == "violated"


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
    [[(0, 2), (60, 3)], [(0, 2), (60, 3), (90, 4)]],
    ids=["one that moves", "three that move on"],
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
    assert bare.title.endswith(f"access key {KEY.rpartition('/')[2]} is used from {B}, beside {A}")
    assert bare.reason.endswith("no places are declared for it")
    assert must([declared("198.51.100.0/24"), *uses], KEY, NAME).reason.endswith("approved: 198.51.100.0/24")


HOUR, WEEK = 3600, 7 * 86_400


def daily(*places: str, days: int = 7) -> list[Activity]:
    """Each day at nine, each place in turn, twice."""
    return [
        at(f"{day}-{turn}-{n}", day * 86_400 + turn * 600 + n * 60, place)
        for day in range(days)
        for turn in range(2)
        for n, place in enumerate(places)
    ]


ZONES = ("198.51.100.11", "203.0.113.11", "203.0.113.140")


def test_places_of_the_first_hours_that_it_keeps_for_days_are_its_own() -> None:
    assert must(daily(*ZONES, days=2), KEY, NAME).value == "violated"
    assert verdict_of(daily(*ZONES, days=3), KEY, NAME) is None


@pytest.mark.parametrize("stranger", ["192.0.2.77", "203.0.113.12"])
def test_what_comes_to_them_is_new_is_named_and_stays_told(stranger: str) -> None:
    """An address of a network that is its own in part is as new as any."""
    stays = [at(f"s{n}", 5 * 86_400 + n * HOUR, stranger) for n in range(200)]
    for many in (stays[:1], stays):
        later = at("own", 5 * 86_400 + 300 * HOUR, ZONES[0])
        verdict = must([*daily(*ZONES), *many, later], KEY, NAME)
        assert verdict.severity == Severity.MEDIUM
        assert stranger in verdict.title and "s0" in [e.uid for e in verdict.evidence]


def test_that_the_first_place_falls_silent_makes_no_move() -> None:
    many = [at(f"a{n}", n * 60, A) for n in range(60)] + [at(f"b{n}", 3590 + n * HOUR, B) for n in range(100)]
    assert must(many, KEY, NAME).severity == Severity.MEDIUM


def test_one_strange_use_among_hundreds_is_told_in_whatever_batches_they_come() -> None:
    busy = [at(f"a{n}", n * 61, A) for n in range(600)]
    assert must([*busy, at("copy", 20_000, B)], KEY, NAME).severity == Severity.MEDIUM


INSIDE = "10.0.1.15 via vpce-0a1b2c3d"


@pytest.mark.parametrize(
    ("inside", "outside", "fires"),
    [
        ((INSIDE, "s3"), ("52.0.2.1", "ec2"), False),
        ((INSIDE, "s3"), ("52.0.2.1", "s3"), True),
        ((INSIDE, "s3"), ("10.0.1.15 via vpce-99999999", "sts"), False),
        ((INSIDE, "s3"), ("10.0.1.15 via vpce-99999999", "s3"), True),
        ((INSIDE, "s3"), ("10.0.1.16 via vpce-99999999", "sts"), True),
    ],
    ids=["endpoint and NAT", "one service both ways", "two endpoints", "one service by two", "another host"],
)
def test_views_of_one_machine_are_told_by_what_it_reaches_from_where(
    inside: tuple[str, str], outside: tuple[str, str], fires: bool
) -> None:
    many = [
        at(f"u{n}", n * 60, place, service=service)
        for n, (place, service) in enumerate([inside, outside, inside, outside])
    ]
    assert (verdict_of(many, KEY, NAME) is not None) == fires


def test_beside_an_endpoint_and_a_gateway_the_third_address_is_named() -> None:
    views = [at(f"i{n}", n * 120, INSIDE, service="s3") for n in range(8)]
    views += [at(f"o{n}", 60 + n * 120, "52.0.2.1", service="ec2") for n in range(8)]
    assert verdict_of(views, KEY, NAME) is None
    thief = at("t", 500, B, service="sts")
    assert B in must([*views, thief], KEY, NAME).title


def test_a_link_that_others_open_is_no_place_and_a_signed_header_is() -> None:
    own = [at(f"a{n}", n * 300, A) for n in range(10)]
    links = [at(f"l{n}", 400 + n, f"203.0.113.{n + 1}", action="link") for n in range(9)]
    assert verdict_of([*own, *links], KEY, NAME) is None
    assert must([*own, *links, at("t", 1000, B)], KEY, NAME).title.endswith(f"{B}, beside {A}")


def test_a_trust_and_a_person_are_no_credentials_in_two_places() -> None:
    for key in ("entra:t:fic/1", "gcp:impersonation/sa@p/x"):
        many = [at("a", 0, A, credential=key), at("b", 60, B, credential=key)]
        assert verdict_of(many, key, NAME) is None
    person = Activity(
        "p", T0, "cloudtrail", identity=USER, credential=KEY, effects=(Known(KEY, USER, person=True),)
    )
    assert verdict_of([at("a", 0, A), at("b", 60, B), person], KEY, NAME) is None


def jobs(days: int) -> list[Activity]:
    """Four runners side by side each evening, with new addresses each time."""
    return [
        at(f"{day}-{n}-{turn}", day * 86_400 + 20 * n + 60 * turn, f"203.0.{day}.{n + 1}")
        for day in range(days)
        for n in range(4)
        for turn in range(3)
    ]


def test_jobs_on_hosted_runners_are_low_until_one_does_what_none_did() -> None:
    assert must(jobs(5), KEY, NAME).severity == Severity.LOW
    day = 4 * 86_400
    read = at("r", day + 70, B, action="secret_read")
    write = at("w", day + 70, B, action="identity_write")
    assert must([*jobs(5), read], KEY, NAME).severity == Severity.MEDIUM
    verdict = must([*jobs(5), write], KEY, NAME)
    assert verdict.severity == Severity.HIGH and B in verdict.title


def test_nobody_who_comes_later_makes_a_credential_one_without_places() -> None:
    own = [at(f"a{n}", n * HOUR, A) for n in range(24 * 6)]
    crowd = [at(f"t{day}", day * 86_400 + 1800, f"203.0.113.{day}") for day in range(1, 6)]
    assert must([*own, *crowd], KEY, NAME).severity == Severity.MEDIUM


def test_a_fleet_that_shares_a_token_from_the_first_hour_on_has_these_places() -> None:
    hosts = [f"10.0.{n}.4" for n in range(6)]
    fleet = [at(f"{h}-{n}", h * 30 + n * HOUR, host) for h, host in enumerate(hosts) for n in range(6)]
    assert verdict_of(fleet, KEY, NAME) is None
    assert must([*fleet, at("t", 4 * HOUR, B)], KEY, NAME).title.endswith("10.0.0.4")


SESSION = "aws:key/ASIASHARED0000000001"


def shared(places: list[str], at_minutes: tuple[int, ...], life: float = 3_600) -> list[Activity]:
    """A session of an hour that several hosts use."""
    issued = Issued(SESSION, ROLE, "session", expires=T0 + int(life) * 1_000_000)
    many = [change("issued", 0, issued)]
    for minute in at_minutes:
        for n, place in enumerate(places):
            many.append(
                at(
                    f"{minute} {place}",
                    minute * 60 + n,
                    place,
                    identity=ROLE,
                    credential=SESSION,
                    service="s3",
                )
            )
    return many


def test_an_hours_session_of_a_cluster_has_its_places_from_the_first_minutes() -> None:
    hosts = [f"10.0.1.{n} via vpce-1" for n in range(4)]
    assert verdict_of(shared(hosts, (1, 20, 45)), SESSION, NAME) is None
    outside = at("outside", 1_800, B, identity=ROLE, credential=SESSION, service="s3")
    assert B in must([*shared(hosts, (1, 20, 45)), outside], SESSION, NAME).title
    public = [f"198.51.100.{n}" for n in range(4)]
    assert must(shared(public, (1, 20, 45)), SESSION, NAME).severity == Severity.MEDIUM
    assert must(shared(hosts, (1, 20)), SESSION, NAME), "too short to tell"
    late = [*shared(hosts[:3], (1, 20, 45)), *shared(hosts[3:], (20, 45))[1:]]
    assert must(late, SESSION, NAME)


def test_sessions_shared_behind_gateways_have_these_from_their_first_minutes() -> None:
    many: list[Activity] = []
    for day in range(4):
        key, start = f"aws:key/ASIA00000000000000{day}", day * 86_400
        issued = Issued(key, ROLE, "session", expires=T0 + (start + 3_600) * 1_000_000)
        many.append(change(f"issued {day}", start, issued))
        many += [
            at(f"{day} {n}", start + 60 + n, place, identity=ROLE, credential=key)
            for n, place in enumerate((A, B))
        ]
    last = "aws:key/ASIA000000000000003"
    assert verdict_of(many, last, NAME) is None
    thief = at("thief", 3 * 86_400 + 120, "192.0.2.66", identity=ROLE, credential=last)
    assert "192.0.2.66" in must([*many, thief], last, NAME).title
    alone = [a for a in many if a.uid != "3 1"]
    moved = at("moved", 3 * 86_400 + 1_800, B, identity=ROLE, credential=last)
    there = at("there", 3 * 86_400 + 1_801, A, identity=ROLE, credential=last)
    assert must([*alone, moved, there], last, NAME), "not from its first minutes"


def test_by_the_word_of_another_source_alone_it_is_low() -> None:
    own = [at(f"a{n}", n * 60, A) for n in range(8)]
    said = [at(f"m{n}", n * 61, B, source="mcp") for n in range(8)]
    assert must([*own, *said], KEY, NAME).severity == Severity.LOW
    assert must([*own, *said, at("c", 200, "192.0.2.1")], KEY, NAME).severity == Severity.MEDIUM


def test_a_successor_has_the_places_of_the_key_whose_place_it_took_and_not_a_thiefs() -> None:
    day, new = 86_400, "aws:key/AKIANEW"
    old = [at(f"o{n}", n * day, A) for n in range(8)]
    made = change("made", 3 * day, Issued(new, USER, "access_key"))
    later = [at(f"n{n}", n * day + 3_600, B, credential=new) for n in range(4, 9)]
    moved = at("moved", 8 * day, A, credential=new)
    assert verdict_of([*old, made, *later, moved], new, NAME) is None
    stranger = "192.0.2.66"
    stolen = [at("s1", 6 * day, stranger), at("s2", 8 * day + 3_700, stranger, credential=new)]
    verdict = must([*old, made, *later, moved, *stolen], new, NAME)
    assert (
        verdict.value == "violated"
        and stranger in verdict.title
        and A not in verdict.title.split("beside")[0]
    )


# An address that a record gives to the machine

NODE = "aws:111122223333:role/node"
HELD = {"identity": NODE, "credential": "aws:key/ASIANODE", "actor_name": "node/i-0123456789abcdef0"}
BOX = "aws:111122223333:machine/i-0123456789abcdef0"
ALLOCATION, ASSOCIATION = "aws:111122223333:eip/eipalloc-1", "aws:111122223333:eip/eipassoc-1"
POOL, ELASTIC = "198.51.100.201", "203.0.113.5"
GIVEN = [
    change("allocated", 0, Lent(ALLOCATION, place=ELASTIC), action=""),
    change("associated", 60, Lent(ALLOCATION, holder=BOX, named=ASSOCIATION), action=""),
]
ANOTHERS = Lent(ALLOCATION, holder=f"{BOX}1")


def on_the_node(uid: str, at: float, place: str) -> Activity:
    return use(uid, at, place=place, **HELD)


TAKES_IT = [on_the_node("a", 10, POOL), on_the_node("b", 50, POOL), on_the_node("c", 120, ELASTIC)]


def is_violated(many: list[Activity]) -> bool:
    return verdict_of(many, "aws:key/ASIANODE", NAME) is not None


def test_an_instance_that_is_given_its_elastic_address_moves_to_it() -> None:
    assert is_violated(TAKES_IT)
    assert not is_violated([*GIVEN, *TAKES_IT])
    every_way([*GIVEN, *TAKES_IT])


@pytest.mark.parametrize(
    "more",
    [
        [on_the_node("back", 900, POOL), on_the_node("d", 960, ELASTIC)],
        [on_the_node("thief", 600, "192.0.2.150"), on_the_node("d", 960, ELASTIC)],
        [change("gone", 300, Lent(ASSOCIATION), action=""), on_the_node("d", 900, ELASTIC)],
        [change("moved", 300, ANOTHERS, action=""), on_the_node("d", 900, ELASTIC)],
    ],
    ids=["both at once", "a stranger beside it", "taken away", "given to another"],
)  # fmt: skip
def test_an_elastic_address_excuses_nothing_but_the_move(more: list[Activity]) -> None:
    assert is_violated([*GIVEN, *TAKES_IT, *more])


STARTED = change("started", 60, Lent(BOX, anew=True), action="")
NEXT: dict[str, Any] = HELD | {"credential": "aws:key/ASIANEXT"}


def is_found(many: list[Activity]) -> bool:
    reports = every_way(many).last.values()
    return any(r.verdict and r.verdict.control == NAME and r.finding for r in reports)


def test_an_instance_that_was_stopped_and_started_has_another_address() -> None:
    before = [on_the_node("a", 10, POOL), on_the_node("b", 50, POOL)]
    after = [use("c", 120, place=B, **NEXT), use("d", 900, place=B, **NEXT)]
    assert is_found([*before, *after])
    assert not is_found([STARTED, *before, *after])
    again = [change("again", 1000, Lent(BOX, anew=True), action=""), use("e", 1100, place=ELASTIC, **NEXT)]
    assert not is_found([STARTED, *before, *after, *again])
    for stranger in (
        on_the_node("old key", 130, POOL),
        use("new key", 130, place="192.0.2.150", **NEXT),
        on_the_node("old key elsewhere", 130, "192.0.2.150"),
        use("where it was", 1200, place=B, **NEXT),
    ):
        assert is_found([STARTED, *before, *after, *again, stranger]), stranger.uid


def sessions(places: dict[int, list[str]], **more: Any) -> list[Activity]:
    """An hour's session each, used every five minutes from the next of these places."""
    many: list[Activity] = []
    for hour, where in places.items():
        key = f"aws:key/ASIA{hour}"
        issued = Issued(key, ROLE, "session", expires=T0 + (hour + 1) * 3600 * 10**6)
        many.append(change(f"i{hour}", hour * 3600, issued, action="", identity=""))
        many += [
            use(
                f"{hour}-{n}", hour * 3600 + 300 * (n + 1), credential=key, identity=ROLE, place=place, **more
            )
            for n, place in enumerate(where)
        ]
    return many


def changing(hour: int) -> list[str]:
    return [f"203.{hour}.{n}.9" for n in range(6)]


def test_sessions_of_holders_whose_addresses_change_are_one_low_finding_until_one_does_what_none_did() -> (
    None
):
    hours = {hour: changing(hour) for hour in range(8)}
    found = {
        r.verdict.subject: r.verdict
        for r in every_way(sessions(hours)).last.values()
        if r.finding and r.verdict
    }
    assert {name: v.severity for name, v in found.items()} == {f"{ROLE} sessions": Severity.LOW}
    secret = use(
        "s", 7 * 3600 + 1000, credential="aws:key/ASIA7", identity=ROLE, place=A, action="secret_read"
    )
    world = every_way([*sessions(hours), secret])
    found = {r.verdict.subject: r.verdict for r in world.last.values() if r.finding and r.verdict}
    assert found["aws:key/ASIA7"].severity == Severity.MEDIUM and A in found["aws:key/ASIA7"].title


@pytest.mark.parametrize("first", [[A] * 6, changing(0)], ids=["one place each", "the same places each"])
def test_who_comes_later_makes_no_session_one_of_holders_whose_addresses_change(first: list[str]) -> None:
    hours = dict.fromkeys(range(4), first) | {hour: [*first, *changing(hour)] for hour in range(4, 9)}
    found = [r.verdict for r in every_way(sessions(hours)).last.values() if r.finding and r.verdict]
    assert found and min(v.severity or 0 for v in found) == Severity.MEDIUM
