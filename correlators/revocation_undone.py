"""An end is undone by another than who stated it.

Fires: a credential was switched off, or an identity was disabled or its sessions were cut. It is on again, by
the word of another actor than the one that stated the end. Medium, in two cases: the credential was
used in between (the actor may be hiding this use), or the ended identity itself undid the end. The finding
about the use stays open beside this one: an undoing closes a finding only if the actor that stated the end
undoes it, or a declaration takes the end back.
Proves: nothing. The finding ends when the actor that stated the end, or a declaration, says that the undoing
is meant, or when the credential is off again.
Evaded by: undoing under the name of the actor that stated the end; making another credential instead
(``revocation_race``, ``unknown_identity``).
Benign: a colleague enables again what another colleague had disabled by mistake, after its consumer had run
on.
Do: ask the actor that stated the end whether the undoing is meant. If not, end it again, and look into the
actor that undid it.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.control import (
    Case,
    Clock,
    Control,
    Episode,
    Evidence,
    Off,
    Own,
    Severity,
    Turn,
    Verdict,
    View,
    called,
    iso,
    named,
    off_intervals,
    own_of,
    past_grace,
    short,
    sighted,
    spoken,
    taken_back,
    thinned,
    times,
)
from correlators.kernel.views.ends import ANOTHER
from schemas.authority import INVENTORY

CONTROL = Control(
    name="revocation_undone",
    version="1",
    title="Revocation undone by another",
    owasp=("NHI1:2025", "NHI5:2025"),
    attack=(("T1098", "Account Manipulation"),),
    nist=("AC-2(3)", "IR-4"),
    csf=("RS.MI-01", "DE.AE-02"),
    needs=frozenset({"credentials.turns", "turns"}),
    remediation=(
        "Ask who ended it whether that was meant to be undone. If not, end it again, and review who undid "
        "it and what was done since."
    ),
)

SWITCHED = frozenset({"disabled", "cut", "deleted"})
"""Kinds of ends of an identity that can be taken back."""


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields a verdict for each end of a credential or an identity that another than who stated it took
    back."""
    for name, credential in view.credentials.items():
        own = tuple(t for t in credential.turns if t.kind != "rotated")
        if name and any(t.alive for t in own):
            keys = own_of(view.dossier, view.key, name, *credential.names)
            used = view.used(credential)
            yield from _judged(view, name, own, keys, used)
    for identity, turns in sorted(view.dossier.turns.items()):
        own = tuple(t for t in turns if t.kind in SWITCHED)
        if any(t.alive for t in own) and not view.dossier.members:
            keys = own_of(view.dossier, view.key, identity, *(name for name in view.credentials if name))
            used = tuple(e for e in _uses(view) if e.actor == identity)
            yield from _judged(view, identity, own, keys, used)


def _uses(view: View) -> tuple[Evidence, ...]:
    return sighted(view.used(c) for c in view.credentials.values())


def _judged(
    view: View, subject: str, turns: tuple[Turn, ...], own: Own, uses: tuple[Evidence, ...]
) -> Iterator[Verdict]:
    periods = off_intervals(turns)
    undone = [off for off in periods if _by_another(off, own) and (own.spoke(off) or _used(view, off, uses))]
    if undone:
        yield _verdict(view, subject, undone[-1], _since(turns, undone[-1]), own, uses)


def _by_another(off: Off, own: Own) -> bool:
    if not off.undone or off.undone[0].kind in ANOTHER or taken_back(off, own):
        return False
    end, undoing = off.turn.evidence, off.undone[0].evidence
    return own.spoke_by_what_it_made(off) or (end.source, end.actor) != (undoing.source, undoing.actor)


def _used(view: View, off: Off, uses: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    return tuple(e for e in uses if past_grace(off, e, view.thresholds))


def _since(turns: tuple[Turn, ...], off: Off) -> Turn | None:
    """What settled the matter after the undoing: another end, or the word of who may take it back."""
    end = off.turn.evidence
    for turn in sorted(t for t in turns if t.time > off.end):
        said = turn.evidence
        if not turn.alive or said.source == INVENTORY or (said.source, said.actor) == (end.source, end.actor):
            return turn
    return None


def _verdict(
    view: View, subject: str, off: Off, since: Turn | None, own: Own, uses: tuple[Evidence, ...]
) -> Verdict:
    undoing = off.undone[0]
    actor = undoing.evidence.actor
    who = spoken(actor) if actor else undoing.evidence.source
    used = _used(view, off, uses)
    by = f"{who}, whom it had ended" if own.spoke(off) else who
    ender = short(off.turn.evidence.actor) or off.turn.evidence.source
    reason = f"{off.turn.how} at {iso(off.start)} by {ender}; {undoing.how} at {iso(off.end)} by {by}"
    reason += f"; {times(used, 'use', thinned(view.credentials.values()))} in between" if used else ""
    if since:
        reason += f"; {since.how} at {iso(since.time)}"
    return view.verdict(
        CONTROL,
        subject=subject,
        value="assumed" if since else "violated",
        credential=subject if subject in view.credentials else "",
        title=f"{named(view)}: the end of {called(view, subject)} was undone by {who}",
        reason=reason,
        severity=Severity.MEDIUM,
        claim=(off.turn.evidence,),
        evidence=(undoing.evidence,),
        episodes=(Episode(off.end, since.time if since else 0, undoing.how),),
    )


def _switch(to: str, by: str, kind: str, hour: int) -> tuple[str, dict[str, object]]:
    """The secret of a service app is made, or switched on or off."""
    return "okta", {
        "uuid": f"{to}-{hour}",
        "published": f"2026-11-22T{hour:02}:00:00Z",
        "eventType": f"app.oauth2.credentials.lifecycle.{to}",
        "actor": {"id": by, "type": kind},
        "outcome": {"result": "SUCCESS"},
        "target": [{"id": "0oa1", "type": "PublicClientApp"}, {"id": "ocs1", "type": "ClientSecret"}],
    }


_LIFE = _switch("create", "00u1", "User", 9), _switch("deactivate", "00u1", "User", 10)
CASES = (
    Case(
        says="a secret that was switched off is switched on again by the app whose secret it is",
        records=(*_LIFE, _switch("activate", "0oa1", "PublicClientApp", 11)),
        value="violated",
        finding=True,
    ),
    Case(
        says="who switched a secret off may switch it on again",
        records=(*_LIFE, _switch("activate", "00u1", "User", 11)),
        value=None,
    ),
)
