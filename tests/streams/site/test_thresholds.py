"""Every threshold is a setting: its default is the agreed one, and setting it changes what is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from correlators.driver.watch import DAY as LENGTH
from correlators.driver.watch import rhythms
from schemas.activity import (
    Activity,
    Ended,
    EndFailed,
    Exposed,
    Granted,
    Imaged,
    Issued,
    Released,
    Restored,
    Rotated,
    Session,
    Withdrawn,
)
from schemas.claims import UNSAID
from schemas.dossier import Dossier, Watch
from schemas.verdict import Clock, Confidence, Severity
from streams.command.replaying import Request, replay_paths
from streams.site.loading import load
from streams.site.settings import Settings, describe
from streams.site.thresholds import ThresholdSettings
from tests.support.declared import approved, at, declared
from tests.support.make import KEY, ROLE, SESSION, T0, USER, change, issue, kill, use
from tests.support.scenario import run
from tests.support.vault_lines import auth, dated, hmac, line, login

DAY = 86_400
SOURCES = ("cloudtrail", "vault", "kubernetes", "gcp", "azure", "github")
POD = "k8s:c1:shop/mailer"
NEW = "aws:key/AKIANEW"

Loudness = tuple[str, Severity | None] | None


class Case(NamedTuple):
    """A scenario that is judged differently where the threshold is ``changed``. ``hours``: after its end."""

    default: str
    changed: str
    control: str
    many: Sequence[Activity]
    first: Loudness
    then: Loudness
    hours: float = 1


QUIET, HIGH, MEDIUM, LOW = (
    ("assumed", None),
    ("violated", Severity.HIGH),
    ("violated", Severity.MEDIUM),
    ("violated", Severity.LOW),
)
ENDED = ("assumed", Severity.MEDIUM)
TOLD = ("violated", Severity.INFORMATIONAL)


OWN = {
    "cloudtrail": (KEY, USER),
    "vault": ("vault:d:accessor/1", "vault:d:entity/e"),
    "kubernetes": ("k8s:c1:jti/1", "k8s:c1:shop/mailer"),
    "gcp": ("gcp:apikey/1", "gcp:p:a@p.iam.gserviceaccount.com"),
    "azure": ("entra:t:key/1", "entra:t:app/1"),
    "github": ("github:d:token/1", "github:d:app/a"),
}
"""A credential of each source's own, and its identity."""


def ended(source: str, used: float, key: str = "") -> list[Activity]:
    """A kill at 10 s that this source tells of, and a use in the same log."""
    own, home = OWN[source]
    effect = Ended("revoked", "revoked", key or own, home)
    return [change("kill", 10, effect, source=source), use("use", used, home, key or own, source=source)]


def tries() -> list[Activity]:
    many = [use(f"try{n}", 60 + 320 * n, outcome="unauthenticated") for n in range(5)]
    return [use("before", 0), kill("kill", 10), *many]


def rotation(overlap: int, *uses: Activity) -> list[Activity]:
    effect = Rotated(USER, successor=NEW, at=at(100), overlap=overlap, how="cut-over")
    rotator = use("rotated", 100, "", "", effects=(effect,), place="203.0.113.1", client="rotator/1")
    made = [change(f"made {k}", t, Issued(k, USER, "access_key")) for k, t in ((KEY, 0), (NEW, 90))]
    return [*made, rotator, *uses]


def session(minutes: int) -> Activity:
    return issue("issue", 0, SESSION, ROLE, KEY, USER, expires=at(60 * minutes))


CUT = change("cut", 10, Ended("PutRolePolicy AWSRevokeOlderSessions", "cut", identity=ROLE))
FAILED = change("failed", 10, EndFailed("revoke", KEY, USER), outcome="failed")
STALE = change("i", 0, Issued("k8s:c1:jti/1", POD, "service", expires=at(30)), source="kubernetes")
WEB = "aws:111122223333:web/oidc.eks/system:serviceaccount:shop:mailer"
EXCHANGE = "AssumeRoleWithWebIdentity"
MADE_ANEW = (
    change("gone", 10, Ended("delete serviceaccounts/mailer", "deleted", identity=POD), source="kubernetes"),
    change(
        "again", 13, Restored("create serviceaccounts/mailer", "remade", identity=POD), source="kubernetes"
    ),
)
LEAK = Activity("leak", at(100), "leaks", effects=(Exposed("GitHub shop/web#7", KEY),))
UNOWNED = change("kill", 10, Ended("revoke", "revoked", "vault:d:token/t"), source="vault")
TRIED_LATER = use("t", 200, "", "vault:d:token/t", source="vault", outcome="unauthenticated")
TRIED = use("try", 20, "", "vault:d:token/t", source="vault", outcome="unauthenticated")

GRANT = "k8s:c1:rolebinding/shop/a"
BINDING = [
    use("exec", 5, POD, "", source="kubernetes", allowed_by=GRANT, effects=(Session(POD, at(14)),)),
    change("unbound", 10, Withdrawn(GRANT, "delete rolebindings/a"), source="kubernetes"),
]

ELEVATED = [approved(USER, 0, 60, "role/payments"), issue("late", 300, SESSION, ROLE, KEY, USER)]

SECRETS = [
    use(f"{n}", 8 * DAY * bool(n) + 40 * n, operation="Get", action="secret_read", resource=f"s{n}")
    for n in range(8)
]

WORKLOAD = "k8s:c1:shop/web"
OLD = [
    Activity("r", at(0), "inventory", effects=(Released(WORKLOAD, "r2", "web:2", at(0)),)),
    change("pod", 3600, Imaged(WORKLOAD, ("web:1",), True, "pods/web-1"), source="kubernetes"),
]
HELD = change("bound", 10, Granted(GRANT, "k8s:c1:role/shop/r", "create", (POD,)), source="kubernetes")
SPOKE = [Activity(f"day {n}", at(n * DAY), "mcp") for n in range(20)]

CASES = {
    "heartbeat": Case("1d", "9d", "telemetry_gap", SPOKE, LOW, ("proven", None), 72),
    "rollout": Case("30m", "2h", "outdated_image_running", OLD, LOW, QUIET),
    "unused": Case("90d", "200d", "unused_access", [HELD], TOLD, None, 100 * 24),
    "sweep_window": Case("5m", "1m", "secret_sweep", SECRETS, LOW, None),
    "sweep_secrets": Case("6", "8", "secret_sweep", SECRETS, LOW, None),
    "elevation_leeway": Case("5m", "1m", "elevation_outside_window", ELEVATED, ("proven", None), MEDIUM),
    "skew": Case("2s", "500ms", "revocation_failed", [FAILED, use("u", 11, instance="b")], QUIET, MEDIUM),
    "grace_aws_key": Case("10s", "5s", "revoked_credential_used", ended("cloudtrail", 19), QUIET, HIGH),
    "grace_aws_policy": Case(
        "5m", "1m", "outlived_parent", [session(700), CUT, use("u", 200, ROLE, SESSION)], QUIET, HIGH
    ),
    "grace_gcp": Case("10m", "1m", "revoked_credential_used", ended("gcp", 500), QUIET, HIGH),
    "grace_gcp_token": Case(
        "1h", "5m", "revoked_credential_used", ended("gcp", 4000, "gcp:key/a/1"), QUIET, HIGH
    ),
    "grace_entra": Case("15m", "1m", "revoked_credential_used", ended("azure", 800), QUIET, HIGH),
    "grace_github": Case("1m", "10s", "revoked_credential_used", ended("github", 60), QUIET, HIGH),
    "grace_kubernetes": Case("15s", "5s", "revoked_credential_used", ended("kubernetes", 24), QUIET, HIGH),
    "grace_kubernetes_rbac": Case("5s", "1s", "access_outlived_removal", BINDING, QUIET, ENDED),
    "grace_vault": Case("5s", "1s", "revoked_credential_used", ended("vault", 14), QUIET, HIGH),
    "expiry_leeway_kubernetes": Case(
        "1m",
        "10s",
        "expired_credential_accepted",
        [STALE, use("u", 85, POD, "k8s:c1:jti/1", source="kubernetes")],
        None,
        HIGH,
    ),
    "refused_quiet": Case(
        "1h",
        "10m",
        "revoked_credential_used",
        [UNOWNED, use("used", 100, "", "vault:d:token/t", source="vault"), TRIED_LATER],
        HIGH,
        ("proven", Severity.HIGH),
        0.5,
    ),
    "redeployed": Case(
        "10m",
        "1s",
        "trust_outlived_subject",
        [
            declared(POD, aliases=(WEB,)),
            MADE_ANEW[0],
            MADE_ANEW[1],
            use("x", 200, WEB, "", operation=EXCHANGE),
        ],
        QUIET,
        MEDIUM,
    ),
    "retry_window": Case("15m", "1h", "dead_credential_tried", tries(), LOW, TOLD),
    "retry_bucket": Case("5m", "1h", "dead_credential_tried", tries(), LOW, TOLD),
    "retry_buckets": Case("3", "9", "dead_credential_tried", tries(), LOW, TOLD),
    "rotation_overlap": Case(
        "1d",
        "2d",
        "old_version_used_after_rotation",
        rotation(UNSAID, use("new", 1000, credential=NEW), use("late", DAY + 1010)),
        MEDIUM,
        QUIET,
    ),
    "rotation_testing": Case(
        "15m",
        "30s",
        "old_version_used_after_rotation",
        rotation(0, use("test", 160, place="203.0.113.1", client="rotator/1")),
        QUIET,
        MEDIUM,
    ),
    "two_networks": Case(
        "10m",
        "1m",
        "credential_in_two_places",
        [use("a", 0), use("b", 300, place="203.0.113.9")],
        MEDIUM,
        None,
    ),
    "habit": Case(
        "7d",
        "10d",
        "used_by_human_or_shared",
        [declared(USER), *(use(f"d{n}", n * DAY) for n in range(9))],
        ("proven", None),
        None,
    ),
    "race": Case(
        "1m",
        "20s",
        "revocation_race",
        [kill("kill", 10), use("write", 60, action="identity_write")],
        ("violated", Severity.CRITICAL),
        None,
    ),
    "residual_short": Case(
        "1h",
        "30m",
        "outlived_parent",
        [session(50), kill("kill", 10), use("u", 60, ROLE, SESSION)],
        LOW,
        MEDIUM,
        0.1,
    ),
    "leak_deadline": Case("1d", "1h", "leaked_credential_live", [use("u", 50), LEAK], QUIET, MEDIUM, 20),
    "dormant": Case("30d", "60d", "dormant_identity_wakes", [use("a", 0), use("b", 31 * DAY)], LOW, None),
    "memory": Case(
        "400d", "100d", "revoked_credential_used", [UNOWNED, TRIED], ("proven", None), None, 24 * 300
    ),
}


def judged(case: Case, settings: Settings) -> Loudness:
    now = max(a.time for a in case.many) + int(case.hours * 3_600_000_000)
    clock = Clock(now, dict.fromkeys((*SOURCES, "leaks"), now), dict.fromkeys(SOURCES, T0 - 1))
    world = run(case.many, clock, thresholds=settings.thresholds)
    days = {a.time // LENGTH: a.time for a in case.many if a.source not in (*SOURCES, "leaks", "inventory")}
    if days:
        world.take(rhythms(Dossier(watch={"mcp": Watch(0, 0, days)})))
        world.settle()
    verdicts = [r.verdict for r in world.last.values() if r.verdict and r.verdict.control == case.control]
    assert len(verdicts) <= 1
    return (verdicts[0].value, verdicts[0].severity) if verdicts else None


def test_every_threshold_has_a_case_and_the_agreed_default() -> None:
    shown = {row["key"]: row["default"] for row in describe()}
    assert {name: case.default for name, case in CASES.items()} == {
        name: shown[name] for name in ThresholdSettings.model_fields
    }


@pytest.mark.parametrize("by", ["environment", "file"])
@pytest.mark.parametrize("name", CASES)
def test_a_threshold_that_is_set_changes_the_verdict(
    name: str, by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES[name]
    assert judged(case, load()) == case.first
    config = tmp_path / "gapwatch.toml"
    config.write_text(f'{name} = "{case.changed}"\n' if by == "file" else "")
    if by == "environment":
        monkeypatch.setenv(f"GAPWATCH_{name.upper()}", case.changed)
    assert judged(case, load(config)) == case.then


def test_less_of_a_habit_is_told_with_little_confidence_where_more_is_asked_for() -> None:
    other = declared("aws:111122223333:role/known")
    many = [other, use("u", 10)]
    now = at(8 * DAY)
    for habit, confidence in (("7d", Confidence.MEDIUM), ("10d", Confidence.LOW)):
        world = run(many, Clock(now, {"cloudtrail": now}), thresholds=load(habit=habit).thresholds)
        (verdict,) = [r.verdict for r in world.last.values() if r.verdict and r.verdict.subject == USER]
        assert (verdict.control, verdict.confidence) == ("unknown_identity", confidence)


def test_a_dormancy_that_what_is_kept_cannot_show_is_refused() -> None:
    with pytest.raises(ValueError, match="dormant"):
        Settings(dormant="29d")


def test_a_replay_judges_by_the_settings(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    named = {"accessor": hmac("app accessor")}
    lines = [
        dated(login(), 0),
        dated(line("auth/token/revoke-accessor", who=auth("ops", "e-ops"), data=named), 10),
        dated(line("secret/data/app", operation="read", who=auth()), 13),
    ]
    log = tmp_path / "audit.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def found(**settings: Any) -> int:
        request = Request([str(log)], [], None, None, None, None, None, None, None, False)
        replay_paths(load(**settings), request)
        return len(capsysbinary.readouterr().out.splitlines())

    assert (found(), found(grace_vault="1s")) == (0, 1)
