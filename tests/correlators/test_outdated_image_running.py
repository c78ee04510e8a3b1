"""Cases of outdated_image_running."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.activity import Activity, Imaged, Released
from schemas.claims import UNSAID
from schemas.evidence import SECOND
from schemas.verdict import Severity, Verdict
from tests.support.declared import at, verdicts
from tests.support.make import change, use

NAME = "outdated_image_running"
WEB = "k8s:c1:shop/web"
BOT, SUPPORT, PERSON = "k8s:c1:ci/release", "k8s:c1:shop/support", "k8s:c1:user/ada"
KUBELET = "k8s:c1:system/node:a"
HOUR = 3600.0


def imaged(
    uid: str, when: float, image: str, by: str = BOT, part: str = "", running: bool = False
) -> Activity:
    effect = Imaged(WEB, tuple(image.split()), running, part)
    return change(uid, when, effect, source="kubernetes", identity=by, credential="", action="")


def ran(uid: str, when: float, image: str, pod: str = "pods/web-1") -> Activity:
    return imaged(uid, when, image, KUBELET, pod, True)


def released(when: float, image: str, window: float | None = None, **more: Any) -> Activity:
    length = UNSAID if window is None else int(window * SECOND)
    effect = Released(WEB, f"release {image}", image, at(when), length, **more)
    return Activity(f"release {image} {when}", at(when), "inventory", effects=(effect,))


def judged(many: list[Activity]) -> Verdict | None:
    found = [v for v in verdicts(NAME, many) if v.subject == WEB]
    assert len(found) <= 1
    return found[0] if found else None


def shown(many: list[Activity]) -> list[str]:
    verdict = judged(many)
    return [e.uid for e in verdict.evidence] if verdict and verdict.severity else []


# A release that is declared


def test_an_old_image_that_runs_past_the_window_is_told() -> None:
    verdict = judged([released(0, "web:2"), ran("old", HOUR, "web:1")])
    assert verdict is not None and (verdict.value, verdict.severity) == ("violated", Severity.LOW)
    assert "web:1 instead of web:2" in verdict.title and verdict.claim


def test_the_released_one_proves_and_the_window_is_granted() -> None:
    verdict = judged([released(0, "web:2"), ran("old", 600, "web:1"), ran("new", HOUR, "web:2")])
    assert verdict is not None and (verdict.value, verdict.severity) == ("proven", None)
    assert shown([released(0, "web:2", 2 * HOUR), ran("old", HOUR, "web:1")]) == []
    assert shown([released(0, "web:2", 60), ran("old", 90, "web:1")]) == ["old"]


def test_what_ran_before_the_roll_out_proves_nothing_of_it() -> None:
    verdict = judged([released(0, "web:2"), ran("old", 600, "web:1")])
    assert verdict is not None and verdict.value == "assumed" and "was not seen yet" in verdict.reason


def test_without_a_record_of_what_runs_it_is_unverifiable() -> None:
    verdict = judged([released(0, "web:2"), use("u", 10)])
    assert verdict is not None and verdict.value == "unverifiable"


def test_graver_where_its_identity_holds_a_credential_that_is_in_use() -> None:
    live = use("live", 30, WEB, "k8s:c1:jti/1", source="kubernetes")
    verdict = judged([released(0, "web:2"), live, ran("old", HOUR, "web:1")])
    assert verdict is not None and verdict.severity == Severity.HIGH
    undeclared = [
        imaged("one", 0, "web:1"),
        imaged("two", 60, "web:2"),
        live,
        ran("old", 3 * HOUR, "web:1"),
    ]
    verdict = judged(undeclared)
    assert verdict is not None and verdict.severity == Severity.MEDIUM, "no record says what was released"


@pytest.mark.parametrize(
    ("image", "fires"),
    [
        ("registry.example.com/web:2", False), ("docker.io/shop/web:2", False), ("web:2 envoy:9", False),
        ("other/sweb:2", True), ("web:2.1", True), ("web:latest", True),
    ],
)  # fmt: skip
def test_registries_and_side_cars_do_not_make_another_image(image: str, fires: bool) -> None:
    assert bool(shown([released(0, "web:2"), ran("r", HOUR, image)])) == fires


def test_digests_of_one_image_for_several_platforms() -> None:
    release = released(0, "web:2", digests=("sha256:a", "sha256:b"))
    assert shown([release, ran("arm", HOUR, "web@sha256:b")]) == []
    assert shown([release, ran("moved", HOUR, "web:2@sha256:c")]) == ["moved"]


def test_the_next_release_ahead_of_its_time_is_a_canary() -> None:
    both = [released(0, "web:2"), released(9 * HOUR, "web:3")]
    assert shown([*both, ran("canary", 2 * HOUR, "web:3", "pods/web-9")]) == []
    assert shown([*both, ran("old", 2 * HOUR, "web:1", "pods/web-9")]) == ["old"]


def test_a_rollback_by_the_releaser_is_one_and_by_another_is_told() -> None:
    release = [released(0, "web:1", by=BOT), released(HOUR, "web:2", by=BOT)]
    back = imaged("back", 2 * HOUR, "web:1")
    assert shown([*release, back, ran("old", 3 * HOUR, "web:1")]) == []
    foreign = imaged("back", 2 * HOUR, "web:1", SUPPORT)
    assert shown([*release, foreign, ran("old", 3 * HOUR, "web:1")]) == ["back", "old"]


def test_the_released_image_set_by_another_than_the_release_says() -> None:
    assert shown([released(0, "web:2", by=BOT), imaged("set", 60, "web:2")]) == []
    assert shown([released(0, "web:2", by=BOT), imaged("set", 60, "web:2", SUPPORT)]) == ["set"]
    assert shown([released(0, "web:2"), imaged("set", 60, "web:2", SUPPORT)]) == []


def test_a_release_that_is_recorded_late_withdraws() -> None:
    many = [released(0, "web:1"), ran("new", HOUR, "web:2")]
    assert shown(many) == ["new"]
    late = released(60, "web:2")
    assert shown([*many, Activity("late", at(9 * HOUR), "inventory", effects=late.effects)]) == []


# What the log alone shows


TWICE = [imaged("first", 0, "web:1"), imaged("second", HOUR, "web:2")]


def test_an_image_set_by_one_who_never_set_any_is_told_low() -> None:
    assert shown([*TWICE, imaged("third", 2 * HOUR, "fork/web:2", SUPPORT)]) == ["third"]


@pytest.mark.parametrize(
    "many",
    [
        pytest.param([*TWICE, imaged("third", 2 * HOUR, "web:3")], id="the releaser"),
        pytest.param([TWICE[0], imaged("second", HOUR, "web:2", SUPPORT)], id="the releaser is unknown"),
        pytest.param([*TWICE, imaged("third", 2 * HOUR, "web:2", SUPPORT)], id="the same image again"),
        pytest.param([*TWICE, imaged("3", 2 * HOUR, "web:3", SUPPORT),
                      imaged("4", 3 * HOUR, "web:4", SUPPORT)],
                     id="the pipeline moved"),
    ],
)  # fmt: skip
def test_ordinary_releases_are_silent(many: list[Activity]) -> None:
    assert many and shown(many) == []


def test_a_part_that_another_account_gave_an_image_of_its_own() -> None:
    part = "pods/web-hotfix"
    assert shown([*TWICE, imaged("odd", 2 * HOUR, "web:1-hotfix", SUPPORT, part)]) == ["odd"]
    assert shown([*TWICE, imaged("odd", 2 * HOUR, "web:1", SUPPORT, part)]) == []
    assert shown([*TWICE, imaged("test", 2 * HOUR, "busybox:1", BOT, part)]) == []
    assert (
        shown([*TWICE, imaged("debug", 2 * HOUR, "netshoot:1", PERSON, f"{part}/ephemeralcontainers")]) == []
    )


def test_parts_that_go_on_with_the_old_image_while_none_runs_the_new_one() -> None:
    assert shown([*TWICE, ran("old", 3 * HOUR, "web:1")]) == ["old"]
    assert shown([*TWICE, ran("old", HOUR + 600, "web:1")]) == []
    canary = [ran("old", 3 * HOUR, "web:1"), ran("new", 3 * HOUR, "web:2", "pods/web-2")]
    assert shown([*TWICE, *canary]) == []


# Once it is mended


WRONG = [released(0, "web:2"), ran("old", HOUR, "web:1")]


@pytest.mark.parametrize(
    ("later", "over"),
    [
        pytest.param([ran("new", 2 * HOUR, "web:2")], True, id="the same pod runs it"),
        pytest.param([ran("new", 2 * HOUR, "web:2", "pods/web-2")], False, id="another pod runs it"),
        pytest.param([imaged("set", 2 * HOUR, "web:2"), ran("new", 3 * HOUR, "web:2", "pods/web-2")], True,
                     id="rolled out again"),
        pytest.param([imaged("set", 2 * HOUR, "web:2")], False, id="told to, and not seen running"),
        pytest.param([ran("new", 1800, "web:2")], False, id="before"),
    ],
)  # fmt: skip
def test_what_was_replaced_since_is_over(later: list[Activity], over: bool) -> None:
    verdict = judged([*WRONG, *later])
    assert verdict is not None and verdict.severity == Severity.LOW
    assert verdict.value == ("proven" if over else "violated")
    assert (verdict.episodes[0].end > 0) == over


def test_another_pod_that_goes_on_with_it_keeps_it_open() -> None:
    both = [*WRONG, ran("two", HOUR, "web:1", "pods/web-2"), ran("new", 2 * HOUR, "web:2")]
    verdict = judged(both)
    assert verdict is not None and verdict.value == "violated"
