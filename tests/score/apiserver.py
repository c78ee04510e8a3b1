"""The recorded Kubernetes API server: its 37 scenarios, and what gapwatch should say of each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from correlators.kernel.catalogue import controls
from tests.score.rules import Case, Expects, Score, judge
from tests.support.replayed import data, replayed

RECORDING = "kubernetes/apiserver_recorded"
PREFIX = "k8s:default:"
UNDECIDABLE = frozenset({"D01", "D02", "D07", "D25"})
"""What expired or fell asleep before so short a log cannot be told from it, nor can a roll-out that hangs
from one that began a minute ago; nothing false may be said."""

WITHIN_GRACE = frozenset({"D03"})
"""Its successes after the kill are the server's own ten seconds."""

FROM_ELSEWHERE = frozenset({"D04"})
"""Its dead token is tried by a program that never used it: a copy is at large."""

ACCOUNT_GONE_TOO = frozenset({"D30"})
"""Its session stands past the end of its account as well as of its binding."""

FAMILIES = {
    "access_removed": "access_outlived_removal",
    "exec_after_removal": "access_outlived_removal",
    "standing_session": "access_outlived_removal",
    "certificate_cannot_be_revoked": "access_outlived_removal",
    "scope_escalation": "scope_escalation",
    "impersonation": "scope_escalation",
    "rotation": "old_version_used_after_rotation",
    "token_in_two_places": "credential_in_two_places",
    "decommissioned_identity": "inactive_identity_active",
    "secret_sweep": "secret_sweep",
    "image_drift": "outdated_image_running",
}
INSTEAD = {"image_drift": "drift_after_release"}
HOUSEKEEPING = frozenset({"/certificatesigningrequests/"})
"""Deleting a request for a certificate takes nothing away: the cluster itself deletes each within the hour
after it was signed. What ended the access of D33 was the removal of the binding, and refusals prove that."""

KILLS_NAMED = frozenset({"decommissioned_identity", "access_removed", "standing_session"})
Steps = list[dict[str, Any]]


def score(folder: Path) -> Score:
    said = replayed(folder, data(f"{RECORDING}/audit.jsonl"))
    return judge(cases(), said, controls())


def cases() -> list[Case]:
    scenarios = orjson.loads(data(f"{RECORDING}/truth.json").read_bytes())["scenarios"]
    return [case for scenario in scenarios for case in _cases(scenario)]


def _cases(scenario: dict[str, Any]) -> Iterator[Case]:
    name, family = scenario["id"], scenario["family"]
    if scenario["verdict"] == "negative" or name in UNDECIDABLE:
        yield Case(name, "kubernetes", "silence", events=_ids(_steps(scenario, "use", "act", "use_after")))
    elif family == "revoked_credential":
        yield from _revoked(scenario)
    else:
        if name in ACCOUNT_GONE_TOO:
            gone = [s for s in _steps(scenario, "kill") if "/serviceaccounts/" in s["requestURI"]]
            events = _ids(gone) | _ids(_steps(scenario, "use_after"))
            yield Case(name, "kubernetes", "finding", "revoked_credential_used", events)
        yield from _other(scenario)


def _revoked(scenario: dict[str, Any]) -> Iterator[Case]:
    """Refusals that the server's own look-up gives away prove; one that names nobody leaves the record as it
    is."""
    after = _steps(scenario, "use_after")
    kill = _ids(_steps(scenario, "kill"))
    known = [s for s in after if s["identified_by"] == "lookup" or s.get("token_in_body")]
    if known:
        tries = _ids(known)
        yield Case(scenario["id"], "kubernetes", "proven", "revoked_credential_used", tries | kill)
        severity = 3 if scenario["id"] in FROM_ELSEWHERE else 1
        yield Case(scenario["id"], "kubernetes", "finding", "dead_credential_tried", tries, severity=severity)
    elif scenario["id"] not in WITHIN_GRACE:
        yield Case(scenario["id"], "kubernetes", "assumed", "revoked_credential_used", kill)


def _other(scenario: dict[str, Any]) -> Iterator[Case]:
    family = scenario["family"]
    kill = _ids(_steps(scenario, "kill")) if family in KILLS_NAMED else frozenset()
    seen = _steps(scenario, "act", "use_after")
    if family == "certificate_cannot_be_revoked":
        kill = _ids(
            [s for s in _steps(scenario, "kill") if not any(h in s["requestURI"] for h in HOUSEKEEPING)]
        )
        seen = [s for s in seen if s["code"] == 403]
    refused = all(s["code"] in (401, 403) for s in seen)
    expects: Expects = "proven" if refused and family != "scope_escalation" else "finding"
    shown = seen if refused else [s for s in seen if s["code"] < 300]
    events = _ids(shown) if family != "token_in_two_places" else frozenset({shown[0]["auditID"]})
    yield Case(
        scenario["id"], "kubernetes", expects, FAMILIES[family], kill | events, or_=INSTEAD.get(family, "")
    )  # fmt: skip


def _steps(scenario: dict[str, Any], *roles: str) -> Steps:
    return [step for step in scenario["steps"] if step["role"] in roles]


def _ids(steps: Steps) -> frozenset[str]:
    return frozenset(step["auditID"] for step in steps)
