"""An exception suppresses nothing: it is void, or stands for no reason.

Fires: an exception that names an identity has ended, or has stood for a quarter (``unused``), and it never
covered a finding of its control about the identity: informational.
Proves: the exception covered a finding.
Evaded by: nothing hides here; an exception for many identities (``*``) is not judged.
Benign: an exception that is declared before a migration that was put off.
Do: take the exception out of the inventory. Left in place, it may later suppress a finding that nobody meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.control import Clock, Control, Episode, Freshness, Severity, Verdict, View, iso, named
from correlators.kernel.views.exceptions import covered_once, latest_of
from schemas.claims import PolicyException

CONTROL = Control(
    name="exception_unused",
    version="1",
    title="Exception that nothing used",
    owasp=("NHI5:2025",),
    attack=(("T1562", "Impair Defenses"),),
    nist=("CM-3", "AC-6(7)"),
    csf=("GV.RM-04", "ID.RA-07"),
    freshness=Freshness(
        None,
        "an exception that was used once was needed",
    ),
    needs=frozenset({"exceptions"}),
    remediation="Take the exception out of the inventory, or say what it is for.",
)


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields nothing: what an exception is used for is what the others say (``follow``)."""
    yield from ()


def follow(view: View, clock: Clock, said: list[Verdict], bound: frozenset[str]) -> list[Verdict]:
    """Returns what was said, and what is said of the exceptions that name this identity."""
    own = [e for e in latest_of(view.dossier.exceptions) if _is_judged(e)]
    return [*said, *(v for e in own if (v := _judged(view, clock, e, said)))] if own else said


def _is_judged(exception: PolicyException) -> bool:
    return bool(exception.identity) and not exception.identity.endswith("*") and not exception.withdrawn


def _judged(view: View, clock: Clock, exception: PolicyException, said: list[Verdict]) -> Verdict | None:
    used = [v for v in said if covered_once(exception, v, view)]
    since = exception.record.time
    long = bool(since) and clock.past(since + view.thresholds.unused)
    over = clock.past(exception.until)
    if not used and not long and not over:
        return None
    scope = " ".join(filter(None, (exception.identity, exception.place, exception.action)))
    end = iso(exception.until)
    return view.verdict(
        CONTROL,
        subject=f"{exception.control} {scope}",
        value="proven" if used else "violated",
        title=f"{named(view)}: the exception for {exception.control} is {'' if used else 'not '}used",
        reason=f"{exception.reason}; {'ended at' if over else 'stands until'} {end}",
        severity=None if used else Severity.INFORMATIONAL,
        owner=exception.owner,
        claim=(exception.record,),
        episodes=() if used else (Episode(since, 0, "unused"),),
        next_step="" if used else "take it out of the inventory",
    )
