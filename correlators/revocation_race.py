"""While it is being revoked, a credential makes itself a way back.

Fires: within 60 s after another principal killed a credential, the credential (or a session that came from
it) successfully writes identities: a key, role, trust, policy or token. Critical, without any propagation
time: this is what an attacker does in those seconds. Low where all of it is known to be no way back
(``correlators.kernel.views.inflight``): a run in flight at a planned rotation, or the removal of things that
the credential had made itself.
Proves: writes of the credential after the kill, and of what came from it, were refused.
Evaded by: making the way back long before the kill (it survives; look at what the credential issued).
Benign: a job that revokes itself at its end; a rotation, which creates before it kills.
Do: first revoke what was made in those seconds. Then look at everything that the credential issued before.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.control import (
    Clock,
    Control,
    Credential,
    Episode,
    Evidence,
    Freshness,
    Off,
    Severity,
    Turn,
    Verdict,
    View,
    acted,
    called,
    ended,
    iso,
    named,
    off_intervals,
    short,
    sighted,
    surely_after,
)
from correlators.kernel.views.inflight import excuse
from correlators.kernel.views.inventoried import keys_of
from correlators.kernel.views.view import uses_of

CONTROL = Control(
    name="revocation_race",
    version="1",
    title="Identity written while being revoked",
    owasp=("NHI1:2025",),
    attack=(
        ("T1098.001", "Account Manipulation: Additional Cloud Credentials"),
        ("T1136.003", "Create Account: Cloud Account"),
    ),
    nist=("AC-2(3)", "IR-4"),
    csf=("RS.MI-01", "DE.AE-02"),
    freshness=Freshness(
        None,
        "the seconds after an end are over for good",
    ),
    needs=frozenset({"credentials.turns", "turns"}),
    remediation=(
        "Revoke first what was made in those seconds, then review everything that the credential issued or "
        "granted before."
    ),
)


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields at most one verdict for each credential that another principal ended: the race that was lost,
    where any was."""
    for name, credential in view.credentials.items():
        if not name or not (credential.turns or view.dossier.turns):
            continue
        periods = [off for off in off_intervals(view.turns_of(name)) if _by_another(view, name, off.turn)]
        verdicts = [verdict for off in periods if (verdict := _judged(view, name, credential, off))]
        if verdicts:
            # One kill whose race was lost does not prove that no other's was won.
            yield next((verdict for verdict in verdicts if verdict.value == "violated"), verdicts[0])


def _by_another(view: View, name: str, turn: Turn) -> bool:
    killer = turn.evidence
    return (
        bool(killer.actor)
        and killer.actor not in keys_of(view)
        and killer.credential not in (name, *view.credentials[name].names)
    )


def _judged(view: View, name: str, credential: Credential, off: Off) -> Verdict | None:
    turn = off.turn
    raced = tuple(e for e in _writes(view, credential, "succeeded") if _within(view, off, e))
    tried = tuple(
        e for e in _writes(view, credential, "unauthenticated", "forbidden") if _within(view, off, e)
    )
    if not raced and not tried:
        return None
    excuses = [_excuse(view, name, credential, off, e) for e in raced]
    harmless = bool(excuses) and all(excuses)
    severity = Severity.LOW if harmless else Severity.CRITICAL
    return view.verdict(
        CONTROL,
        subject=name,
        value="violated" if raced else "proven",
        credential=name,
        title=(
            f"{named(view)}: within a minute after {ended(turn, name)}, {called(view, name)} "
            f"{'' if raced else 'was refused where it would have '}{acted((raced or tried)[0])}"
        ),
        reason=(
            f"{turn.how} at {iso(turn.time)} by {short(turn.evidence.actor)}; "
            f"{(raced or tried)[0].operation} at {iso((raced or tried)[0].time)}"
            + (f"; {excuses[0]}" if harmless else "")
        ),
        severity=severity if raced else None,
        claim=(turn.evidence,),
        evidence=raced or tried,
        episodes=(Episode(turn.time, turn.time + view.thresholds.race, turn.how),) if raced else (),
    )


def _excuse(view: View, name: str, credential: Credential, off: Off, use: Evidence) -> str:
    """Of whoever of the two wrote it: the credential itself, or what came from it."""
    for report in credential.descendants.values():
        if any(e.event == use.event for e in uses_of(report).get("succeeded:identity_write", ())):
            return excuse(view, name, off, use, report)
    return excuse(view, name, off, use)


def _writes(view: View, credential: Credential, *outcomes: str) -> tuple[Evidence, ...]:
    """Writes to identities by the credential and by what came from it, in order."""
    reports = [
        uses_of(report).get(f"{outcome}:identity_write", ())
        for report in credential.descendants.values()
        for outcome in outcomes
    ]
    return sighted([view.acted(credential, "identity_write", *outcomes), *reports])


def _within(view: View, off: Off, use: Evidence) -> bool:
    """Inside the period, surely after the kill, and no more than a minute."""
    return surely_after(off, use, view.thresholds) and use.time <= off.start + view.thresholds.race
