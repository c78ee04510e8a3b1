"""On what a row of the ledger rests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from correlators.kernel.catalogue import controls
from schemas.evidence import SECOND, Evidence, source_of_origin
from schemas.fact import telemetry_key
from schemas.freshness import PROVES_NOTHING, Freshness, freshness_of
from schemas.standing import hangs_on, proven_time, standing
from schemas.verdict import Verdict
from tests.support.make import KEY, USER

ORIGINS = ("cloudtrail", "cloudtrail/lab", "vault/prod", "ocsf/lake", "inventory", "")
times = st.integers(1, 10**15)
evidence = st.lists(
    st.builds(Evidence, times, st.sampled_from("abc"), st.sampled_from(ORIGINS)), max_size=4
).map(lambda many: tuple(sorted(many)))


def verdict(value: Any = "proven", **more: Any) -> Verdict:
    base: dict[str, Any] = {"control": "c", "subject": KEY, "identity": USER, "title": "t", "reason": "r"}
    return Verdict(value=value, **(base | more))


@given(
    evidence, evidence, st.sampled_from(["proven", "violated", "assumed", "unverifiable", "indeterminate"])
)
def test_only_a_proven_verdict_has_a_proof_and_its_time_is_that_of_its_latest_event(
    claim: tuple[Evidence, ...], shown: tuple[Evidence, ...], value: Any
) -> None:
    one = verdict(value, claim=claim, evidence=shown)
    if value != "proven":
        assert proven_time(one) == 0
    else:
        assert proven_time(one) == max((e.time for e in shown or claim), default=0)


@given(evidence, evidence)
def test_a_verdict_hangs_on_the_log_that_shows_uses_where_it_speaks_else_on_who_speaks(
    claim: tuple[Evidence, ...], shown: tuple[Evidence, ...]
) -> None:
    origin = hangs_on(verdict(claim=claim, evidence=shown, credential=KEY))
    said = {e.origin for e in (*claim, *shown)}
    if any(source_of_origin(o) == "cloudtrail" for o in said):
        assert source_of_origin(origin) == "cloudtrail" and origin in said
    else:
        # Of a key that no record here is about, its own log would still tell.
        assert origin in said - {""} or origin == "cloudtrail"
    if {e.origin for e in shown} == {"inventory"} and "cloudtrail" not in {source_of_origin(o) for o in said}:
        assert origin == "inventory"


def test_what_is_said_of_a_source_hangs_on_that_source() -> None:
    assert hangs_on(verdict(identity=telemetry_key("okta"), subject="x")) == "okta"
    assert hangs_on(verdict(identity="nobody:x", subject="x")) == ""


@given(times, st.integers(0, 400))
def test_a_proof_is_good_from_its_time_on_for_its_limit(time: int, days: int) -> None:
    one = verdict(evidence=(Evidence(time, "e", "cloudtrail"),))
    shown = standing(one, Freshness(timedelta(days=days), "why"), {"cloudtrail": 5 * SECOND})
    assert shown["proof"]["time"] == time // 1000
    assert shown["proof"]["good_until"] - shown["proof"]["time"] in (days * 86_400_000, days * 86_400_000 + 1)
    assert shown["watermark"] == 5000 and shown["hangs_on"] == "cloudtrail"
    assert standing(one, Freshness(None, "for good"), {})["proof"]["good_until"] is None
    assert "watermark" not in standing(one, Freshness(None, "for good"), {})


def test_a_site_sets_limits_of_single_controls() -> None:
    own = Freshness(timedelta(days=90), "own")
    assert freshness_of("a", own, {"b": timedelta(1)}) is own
    assert freshness_of("a", own, {"a": timedelta(1)}).limit == timedelta(1)
    assert freshness_of("a", own, {"a": timedelta(0)}).limit is None


def test_every_control_that_proves_something_says_for_how_long_and_why() -> None:
    for name, module in controls().items():
        with open(str(module.__file__), encoding="utf-8") as text:  # type: ignore[attr-defined]
            proves = '"proven"' in text.read().partition("CONTROL = ")[2]
        freshness = module.CONTROL.freshness
        assert (freshness is not PROVES_NOTHING) == proves, name
        assert not proves or len(freshness.why) > 20
