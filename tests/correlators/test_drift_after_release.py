"""Cases of drift_after_release, and what becomes of a proof when a release comes after it."""

from __future__ import annotations

from typing import Any

import pytest

from correlators.drift_after_release import _shown_in
from correlators.kernel.catalogue import controls
from correlators.kernel.views.released import Window
from schemas.activity import Activity, Approved, Ended, Imaged, Released
from schemas.claims import UNSAID, Release
from schemas.evidence import SECOND, Evidence
from schemas.verdict import Confidence, Severity, Verdict
from tests.support.bindings import allowed, given, read, taken
from tests.support.declared import at, declared, verdicts
from tests.support.kubernetes import ACCOUNT
from tests.support.make import KEY, USER, change, use
from tests.support.mcp import activities
from tests.support.tool_lists import DESK, DROP, GOOD, START, approves, exact, lists

NAME = "drift_after_release"
HOUR, DAY = 3600.0, 86_400.0
WEB = "k8s:c1:shop/web"
BOT, SUPPORT = "k8s:c1:ci/release", "k8s:c1:shop/support"
KUBELET = "k8s:c1:system/node:a"
OFFICE, AWAY = "198.51.100.7", "203.0.113.9"


def released(
    when: float, uid: str = "web-2", workload: str = USER, image: str = "", window: float | None = None,
    by: str = "", recorded: float | None = None,
) -> Activity:  # fmt: skip
    length = UNSAID if window is None else int(window * SECOND)
    effect = Released(workload, uid, image, at(when), length, by)
    made = when if recorded is None else recorded
    return Activity(f"record {uid} {made}", at(made), "inventory", effects=(effect,))


def imaged(
    uid: str, when: float, image: str, by: str = BOT, part: str = "", running: bool = False
) -> Activity:
    effect = Imaged(WEB, (image,), running, part)
    return change(uid, when, effect, source="kubernetes", identity=by, credential="", action="")


def ran(uid: str, when: float, image: str, pod: str = "pods/web-1") -> Activity:
    return imaged(uid, when, image, KUBELET, pod, True)


def secret(uid: str, when: float, name: str, place: str = OFFICE) -> Activity:
    return use(
        uid,
        when,
        place=place,
        action="secret_read",
        operation="GetSecretValue",
        resource=name,
        source="cloudtrail",
    )


def rows(many: list[Activity], name: str = NAME, **more: Any) -> dict[str, Verdict]:
    return {v.subject: v for v in verdicts(name, many, **more)}


def row(many: list[Activity], **more: Any) -> Verdict:
    (verdict,) = rows(many, **more).values()
    return verdict


def shown(many: list[Activity], **more: Any) -> list[str]:
    return [e.uid for v in rows(many, **more).values() if v.severity for e in v.evidence]


PLACES = declared(USER, -DAY, places=("198.51.100.0/24",), secrets=("db",))


# What a release brings


def test_a_network_that_no_record_approves_is_told_within_the_window() -> None:
    verdict = row([PLACES, released(0), use("in", 60), use("out", 120, place=AWAY)])
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert [e.uid for e in verdict.evidence] == ["out"] and "203.0.113.0/24" in verdict.title
    assert verdict.subject == f"{USER} web-2" and verdict.claim[0].operation == ""


def test_a_secret_that_no_record_approves_is_told_within_the_window() -> None:
    verdict = row([PLACES, secret("db", -60, "db"), released(0), secret("other", 60, "payroll")])
    assert (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert "secret payroll" in verdict.title and [e.uid for e in verdict.evidence] == ["other"]


def test_an_image_that_no_release_names_is_told_within_the_window() -> None:
    before = ran("before", -HOUR, "web:1")
    release = released(0, workload=WEB, image="web:2")
    verdict = row([before, release, ran("new", 300, "web:2"), ran("odd", 600, "fork/miner:9", "pods/web-3")])
    assert verdict.severity == Severity.LOW and [e.uid for e in verdict.evidence] == ["odd"]
    assert shown([before, release, imaged("set", 300, "fork/miner:9", SUPPORT)]) == ["set"]


@pytest.mark.parametrize(
    "many",
    [
        pytest.param([use("out", -60, place=AWAY), use("in", 60)], id="before it"),
        pytest.param([use("in", 60), use("out", 2 * HOUR, place=AWAY)], id="after its window"),
        pytest.param([use("in", 60), use("nowhere", 70, place="")], id="an address of the provider's own"),
        pytest.param([use("in", 60), use("no", 70, place=AWAY, outcome="unauthenticated")], id="refused"),
        pytest.param([secret("db", 60, "db"), secret("again", 90, "db")], id="its own secret"),
        pytest.param([secret("odd", -60, "payroll"), secret("db", 60, "db")], id="a secret it read before"),
    ],
)  # fmt: skip
def test_what_is_no_drift_of_the_release(many: list[Activity]) -> None:
    assert many and shown([PLACES, released(0), *many]) == []


@pytest.mark.parametrize(
    "many",
    [
        pytest.param([ran("old", 300, "web:1")], id="old parts end during the roll-out"),
        pytest.param([released(9 * HOUR, "next", WEB, "web:3"), ran("canary", 300, "web:3")], id="a canary"),
        pytest.param(
            [imaged("back", 300, "web:0")], id="rolled back by the releaser to what no record names"
        ),
        pytest.param([ran("digest", 300, "registry.example.com/web:2")], id="by another registry's name"),
        pytest.param([ran("side-car", 300, "envoy:9 web:2")], id="a side-car"),
        pytest.param(
            [ran("blue", 300, "web:2"), ran("green", 400, "web:1")], id="both stand until it is over"
        ),
    ],
)
def test_ordinary_roll_outs_are_silent(many: list[Activity]) -> None:
    release = released(0, workload=WEB, image="web:2", by=BOT)
    assert shown([ran("before", -HOUR, "web:1"), release, *many, ran("z", 900, "web:2")]) == []


def test_models_that_are_not_declared_leave_nothing_beyond_them() -> None:
    assert shown([declared(USER), released(0), use("out", 60, place=AWAY), secret("s", 90, "payroll")]) == []


@pytest.mark.parametrize("recorded", [0, 5 * HOUR], ids=["with the release", "late"])
def test_what_is_declared_with_the_release_or_late_is_no_drift(recorded: float) -> None:
    also = declared(USER, recorded, "more", places=("198.51.100.0/24", "203.0.113.0/24"))
    assert shown([PLACES, released(0), use("out", 120, place=AWAY)]) == ["out"]
    assert shown([PLACES, also, released(0), use("out", 120, place=AWAY)]) == []


def test_a_release_that_is_recorded_late_or_put_off_has_one_window() -> None:
    late = released(0, recorded=9 * HOUR)
    assert shown([PLACES, use("out", 120, place=AWAY), late]) == ["out"]
    put_off = released(4 * HOUR, recorded=60)
    assert shown([PLACES, released(0, recorded=-60), put_off, use("out", 120, place=AWAY)]) == []


def test_what_others_tell_of_the_window_is_noted_and_alarms_nobody_twice() -> None:
    verdict = row([PLACES, released(0), secret("away", 60, "db", AWAY)])
    assert (verdict.value, verdict.severity) == ("violated", Severity.INFORMATIONAL)
    assert "with findings of their own: secret_store_from_unexpected_network" in verdict.reason


def test_a_tool_that_comes_with_a_release_is_noted() -> None:
    release = _at(released(0, "desk-2", DESK), START)
    many = [approves(*exact(GOOD)), *activities(*lists(60, GOOD, DROP))]
    verdict = row([*many, release], now=(START - at(0)) / SECOND + DAY)
    assert verdict.severity == Severity.INFORMATIONAL and "tools_beyond_approval" in verdict.title


def _at(release: Activity, time: int) -> Activity:
    (effect,) = release.effects
    assert isinstance(effect, Released)
    moved = Released(effect.workload, effect.id, effect.image, time, effect.window)
    return Activity(release.uid, time, "inventory", effects=(moved,))


def test_it_is_over_once_a_later_release_ran_through_without_it() -> None:
    many = [PLACES, released(0), use("out", 120, place=AWAY)]
    found = rows([*many, released(5 * HOUR, "web-3"), use("in", 5 * HOUR + 60)])
    assert found[f"{USER} web-2"].value == "proven" and found[f"{USER} web-2"].severity == Severity.LOW
    idle = rows([*many, released(5 * HOUR, "web-3"), use("late", 9 * HOUR)])
    assert idle[f"{USER} web-2"].value == "violated"
    again = rows([*many, released(5 * HOUR, "web-3"), use("out again", 5 * HOUR + 60, place=AWAY)])
    assert {v.value for v in again.values()} == {"violated"}


# The proof run

READS = [PLACES, secret("before", -HOUR, "db"), use("seen", 60)]


def proof(many: list[Activity], **more: Any) -> Verdict:
    return rows(many, "secret_store_from_unexpected_network", **more)[USER]


def test_a_proof_of_before_the_release_falls_to_assumed_at_the_deadline_and_comes_back() -> None:
    assert proof(READS).value == "proven"
    assert proof([*READS, released(0)], now=900).value == "proven", "its window is open yet"
    fallen = proof([*READS, released(0)], now=2 * HOUR)
    assert fallen.value == "assumed" and "not proven again since web-2" in fallen.reason
    assert proof([*READS, released(0), secret("again", 600, "db")]).value == "proven"
    assert proof([*READS, released(0), secret("late", 9 * HOUR, "db")]).value == "proven"


def test_a_release_that_is_proven_again_is_and_names_what_proved_it() -> None:
    verdict = row([*READS, released(0), secret("again", 600, "db")])
    assert (verdict.value, verdict.severity) == ("proven", None)
    assert "proven again: secret_store_from_unexpected_network" in verdict.reason
    assert [e.uid for e in verdict.evidence] == ["again"]


def test_what_was_not_proven_again_by_the_deadline_is_told_where_it_was_at_work() -> None:
    verdict = row([*READS, released(0)], now=2 * HOUR)
    assert (verdict.value, verdict.severity, verdict.confidence) == (
        "violated", Severity.INFORMATIONAL, Confidence.LOW,
    )  # fmt: skip
    assert "secret_store_from_unexpected_network" in verdict.title
    assert row([*READS, released(0)], now=900).value == "assumed", "its window is open yet"
    idle = row([*READS[:2], released(0), use("much later", 9 * HOUR)])
    assert (idle.value, idle.severity) == ("assumed", None)


def test_an_image_that_is_not_seen_by_the_deadline_is_told_where_images_are_seen() -> None:
    many = [ran("old", -HOUR, "web:1"), released(0, workload=WEB, image="web:2"), ran("old 2", 60, "web:1")]
    verdict = row(many, now=2 * HOUR)
    assert verdict.severity == Severity.INFORMATIONAL and "image web:2" in verdict.title
    assert row([*many, ran("new", 600, "web:2")], now=2 * HOUR).severity is None
    blind = [released(0, workload=WEB, image="web:2"), use("u", 60, WEB, "k8s:c1:jti/1", source="kubernetes")]
    assert row(blind, now=2 * HOUR).severity is None


def test_a_refusal_that_proved_a_removal_falls_and_tells_nobody() -> None:
    """Nobody tries every day what was refused to him."""
    many = read(given(0), allowed(10), taken(60), allowed(90, code=403))
    late = [*many, *read(allowed(600, "other", resource="pods"))]
    release = [_at(released(0, "m-2", ACCOUNT), many[-1].time + 60 * SECOND)]
    removal = "access_outlived_removal"
    now = (many[-1].time - at(0)) / SECOND + DAY
    assert {v.value for v in rows(late, removal, now=now).values()} == {"proven"}
    assert {v.value for v in rows([*late, *release], removal, now=now).values()} == {"assumed"}
    assert {v.severity for v in rows([*late, *release], now=now).values()} == {None}


def test_a_role_within_its_approval_is_proven_again_by_the_next_act() -> None:
    grant = Approved(USER, "role/payments", at(-DAY), at(DAY), "ada", "T-1")
    approval = Activity("approval", at(-DAY), "inventory", effects=(grant,))
    assert rows([approval, released(0), use("u", 60)], now=2 * HOUR)[f"{USER} web-2"].value == "assumed"


def test_a_release_that_another_follows_at_once_has_no_deadline_of_its_own() -> None:
    many = [*READS, released(0), released(300, "web-3"), secret("again", 600, "db")]
    found = rows(many)
    assert list(found) == [f"{USER} web-3"] and found[f"{USER} web-3"].value == "proven"


def test_ends_of_credentials_are_not_bound_to_releases() -> None:
    """A refused try proves an end for good: a release cannot undo it."""
    dead = change("kill", -DAY, Ended("DeleteAccessKey", "deleted", KEY, USER))
    tried = use("tried", -DAY + 600, outcome="unauthenticated")
    many = [dead, tried, released(0), use("other", 60, credential="aws:key/AKIAOTHER")]
    (verdict,) = rows(many, "revoked_credential_used", now=9 * HOUR).values()
    assert verdict.value == "proven"


def test_the_controls_that_a_release_binds_are_those_of_access_agents_and_deployment() -> None:
    assert {name for name, control in controls().items() if control.CONTROL.bound} == {
        "access_outlived_removal", "agent_outside_window", "elevation_outside_window",
        "outdated_image_running", "scope_escalation", "secret_store_from_unexpected_network",
        "tool_outside_catalog",
        "tools_beyond_approval",
    }  # fmt: skip


def test_an_agents_call_that_came_in_the_window_is_of_it_though_it_says_that_it_was_before() -> None:
    """The watched service writes the times of its calls; a provider's log may come as late as it likes."""
    release = Release(at(0), Evidence(at(0), "record", "inventory"), "r")
    window = Window("agent:desk/triage", release, at(0), at(3_600))
    for identity, fires in (("agent:desk/triage", True), (USER, False)):
        for arrived, inside in ((at(60), fires), (at(7_200), False), (0, False)):
            call = Evidence(at(-2 * DAY), "7e:1", "otel", arrived=arrived)
            verdict = Verdict(
                control="tool_outside_catalog", subject="s", value="violated", identity=identity, title="t",
                reason="r", severity=Severity.HIGH, evidence=(call,),
            )  # fmt: skip
            assert _shown_in(window, verdict) == inside
