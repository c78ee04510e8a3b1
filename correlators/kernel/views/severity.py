"""Severity and confidence: the one place with the rules that all controls share.

A control gives a base (``of_uses``, or its own named number). What is known of the identity then moves it:

| what is known | moves | why |
|---|---|---|
| informational | nothing | it tells, it alarms nobody, whoever it is about |
| critical | nothing | a dead credential wrote identities: in any environment that is the way back in |
| privilege high | low to medium, medium to high | what it may do is what a thief may do |
| privilege critical, or a root | one step up | the same, with nothing above it |
| not production | one step down to low, critical privilege aside | nothing that runs there is to last |

Confidence is at most medium where the credential was inferred (``lookups``) and not named by the record.
Low privilege lowers nothing: it is what was meant, and what is meant is what failed here.
"""

from __future__ import annotations

from collections.abc import Collection

from correlators.kernel.knowledge.inferred import INFERRED
from correlators.kernel.views.view import View
from schemas import frozen
from schemas.credential_kind import traits_of
from schemas.evidence import Event, Evidence
from schemas.providers import is_root
from schemas.verdict import Confidence, Severity, Verdict

NOT_PRODUCTION = frozenset({"dev", "development", "test", "testing", "sandbox", "lab", "demo"})
"""Environments, as inventories name them, in which a gap costs least."""

RAISED: dict[str, dict[Severity, Severity]] = {
    "high": {Severity.LOW: Severity.MEDIUM, Severity.MEDIUM: Severity.HIGH},
    "critical": {
        Severity.LOW: Severity.MEDIUM,
        Severity.MEDIUM: Severity.HIGH,
        Severity.HIGH: Severity.CRITICAL,
    },
}
"""By declared privilege; ``low`` and ``normal`` move nothing."""

LOWERED = {Severity.MEDIUM: Severity.LOW, Severity.HIGH: Severity.MEDIUM}


def of_uses(used: Collection[Evidence], writes: Collection[Event], forbidden: Collection[Event]) -> Severity:
    """Returns the base for uses of what is dead. ``writes``, ``forbidden``: event ids of writes to
    identities, and of uses that were authenticated and then denied."""
    if any(e.event in writes for e in used):
        return Severity.CRITICAL
    if used and all(e.event in forbidden for e in used):
        return Severity.MEDIUM
    return Severity.HIGH


def weighed(verdict: Verdict, view: View) -> Verdict:
    """Returns the verdict with severity and confidence moved by what is known of its identity and
    credential."""
    if verdict.severity is None:
        return verdict
    severity = moved(verdict.severity, privilege_of(verdict, view), view.environment)
    confidence = verdict.confidence
    credential = view.dossier.credentials.get(verdict.credential)
    if credential is not None and credential.kind == INFERRED:
        confidence = min(confidence, Confidence.MEDIUM)
    if severity == verdict.severity and confidence == verdict.confidence:
        return verdict
    return frozen.changed(verdict, severity=severity, confidence=confidence)


def moved(base: Severity, privilege: str, environment: str) -> Severity:
    """Returns the severity as the table above moves it."""
    if base in (Severity.INFORMATIONAL, Severity.CRITICAL):
        return base
    if environment.lower() in NOT_PRODUCTION and privilege != "critical":
        base = LOWERED.get(base, base)
    return RAISED.get(privilege, {}).get(base, base)


def privilege_of(verdict: Verdict, view: View) -> str:
    """Returns the declared privilege; that of a root is critical whatever is declared."""
    credential = view.dossier.credentials.get(verdict.credential)
    if is_root(view.key) or (credential is not None and traits_of(credential.kind).root):
        return "critical"
    return view.declaration.privilege if view.declaration else ""
