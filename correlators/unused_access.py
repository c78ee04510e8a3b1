"""An identity holds a grant that it does not use.

Fires: a recorded grant was not used for ninety days (writing the grant anew is no use), and the log that
would show a use was watched all the time. Informational: a list for tidying up, no alarm.
Proves: the grant is used.
Evaded by: one use a quarter.
Benign: access for emergencies, and for yearly jobs; a grant that another grant hides (the other one allows
the same and is checked first).
Do: take the grant away, or declare its purpose. Unverifiable where the log shows what the identity does, but
not which grant allowed it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from correlators.control import (
    Clock,
    Control,
    Episode,
    Severity,
    Value,
    Verdict,
    View,
    iso,
    micros,
    named,
    source_of,
    spoken,
)
from correlators.kernel.views.inventoried import BREAK_GLASS, approvals
from correlators.kernel.views.removals import held_since, removals
from schemas.dossier import Grant, Turn
from schemas.fact import group_of

CONTROL = Control(
    name="unused_access",
    version="1",
    title="Access that is not used",
    owasp=("NHI5:2025",),
    attack=(("T1078.004", "Valid Accounts: Cloud Accounts"),),
    nist=("AC-6(7)",),
    csf=("PR.AA-05",),
    needs=frozenset({"grants"}),
    remediation="Take the grant away, or record what it is for.",
)

DAY = micros(timedelta(days=1))


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each grant that is on record as given, old enough to be judged."""
    grants = view.dossier.grants
    if not grants or any(a.grant in BREAK_GLASS for a in approvals(view)):
        return
    shown = any(grant.uses for grant in grants.values())
    for name, grant in sorted(grants.items()):
        turn = held_since(grant)
        if turn is None or group_of(view.key) == name:
            continue
        if any(not off.end for off in removals(grant.turns, 0)):
            continue
        verdict = _judged(view, clock, name, grant, turn, shown)
        if verdict is not None:
            yield verdict


def _judged(view: View, clock: Clock, name: str, grant: Grant, turn: Turn, shown: bool) -> Verdict | None:
    used = max((e for s in grant.uses.values() for e in s.kept), default=None)
    last = max(turn.time, used.time if used else 0)
    source = source_of(view.key)
    if clock.watched_since(source) > last or not clock.past(last + view.thresholds.unused):
        return None
    days = view.thresholds.unused // DAY
    value: Value = "violated"
    said = f"last used at {iso(used.time)}" if used else f"given at {iso(turn.time)}, and not used since"
    if not shown and any(view.used(c) for c in view.credentials.values()):
        value, said = "unverifiable", f"the {source} log shows what it does, and not what allowed it"
    found = value == "violated"
    return view.verdict(
        CONTROL,
        subject=f"{view.key} {name}",
        value=value,
        title=f"{named(view)} has not used {spoken(name)} for {days} days",
        reason=said,
        severity=Severity.INFORMATIONAL if found else None,
        claim=(turn.evidence,),
        evidence=(used,) if used else (),
        episodes=(Episode(last, 0, "not used"),) if found else (),
        next_step="take it away, or say what it is for" if found else "",
    )
