"""In flight: what a credential, or what came from it, still writes when it is ended, and what of it is no way
back.

An identity write with a dead credential has no grace, but for three things, each inside the time that the
provider is known to need:
- a run in flight at a planned rotation: a session or token that the provider keeps alive by design, of a
  credential whose successor was there and in use, goes on from its own place with what it had done before;
- who ended itself goes on only ending things;
- what takes away only what the same identity had made gives nobody a way back.
New access, a new place, a later time, a kill without a successor: these have no excuse.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from correlators.kernel.views.ends import Off, grace_of, off_intervals, skew_of
from correlators.kernel.views.rotations import born, family, stands
from correlators.kernel.views.view import View, reaching, uses_of
from schemas.dossier import Credential, Descendant
from schemas.evidence import Evidence, network_of
from schemas.fact import MADE, undone_key
from schemas.providers import never_acts


def excuse(view: View, name: str, off: Off, use: Evidence, descendant: Descendant | None = None) -> str:
    """Returns why a write after an end is no way back, "" where it may be one. ``descendant``: the one
    that wrote, where it was not the credential itself."""
    credential = view.credentials[name]
    if descendant is None and _in_time(view, off, use):
        removed = credential.undid.get(undone_key(use))
        if removed is not None and _by_itself(view, name, off):
            return "it ended itself, and went on ending"
        if removed is not None and _made(view, off.start).issuperset(removed.split("\n")):
            return "it took away what it had made"
    if not _kept_alive(view, off, use, descendant) or not _succeeded(view, name, off):
        return ""
    before = _before(view, off.start) | (set(descendant.did) if descendant else set())
    ways = [way.split("\t", 1) for way in before if not way.startswith(MADE)]
    done = any(way[0] == use.operation for way in ways)
    there = any(way[-1] == network_of(use.place) for way in ways)
    return "it was in flight when its credential was rotated" if done and there and use.place else ""


def planned(
    view: View, name: str, off: Off, uses: Collection[Evidence], heir: str, descendant: Descendant
) -> bool:
    """Says whether these uses of a descendant (``heir``) are those of a run in flight at a planned rotation:
    from places that it, or what it came from, had before, and nothing written that is a way back."""
    if not _succeeded(view, name, off):
        return False
    known = (*view.credentials.items(), *view.dossier.beside.items())
    before = (credential.stays for one, credential in known if one in (name, heir))
    there = {
        key.partition("\t")[2] for many in before for key, s in many.items() if s.first.time <= off.start
    }
    kept = uses_of(descendant).items()
    wrote = {e.event for key, many in kept if key.endswith(":identity_write") for e in many}
    return all(
        e.place
        and e.place in there
        and _kept_alive(view, off, e, descendant)
        and (e.event not in wrote or excuse(view, name, off, e, descendant))
        for e in uses
    )


def _in_time(view: View, off: Off, use: Evidence) -> bool:
    granted = view.thresholds
    return use.time <= off.start + grace_of(off.turn, granted) + skew_of(off.turn, use, granted)


def _by_itself(view: View, name: str, off: Off) -> bool:
    killer = off.turn.evidence
    return killer.credential in (name, *view.credentials[name].names) or killer.actor == view.key


def _before(view: View, time: int) -> set[str]:
    every = (*view.credentials.values(), *view.dossier.beside.values())
    return {way for c in every for way, at in c.did.items() if at < time}


def _made(view: View, time: int) -> set[str]:
    """What this identity had made before."""
    return {way.removeprefix(MADE) for way in _before(view, time) if way.startswith(MADE)}


def _kept_alive(view: View, off: Off, use: Evidence, descendant: Descendant | None) -> bool:
    """Whether the provider documents that this lives on: a session until its own expiry, the access tokens of
    a Google key for their hour."""
    if descendant is not None:
        expires = descendant.expiry[1]
        return descendant.edge == "came_from" and (not expires or use.time <= expires)
    return never_acts(off.turn.about) is not None and _in_time(view, off, use)


def _succeeded(view: View, name: str, off: Off) -> bool:
    """Whether a successor was there and in use when this one was ended."""
    return next(successors(view, name, off), "") != ""


def successors(view: View, name: str, off: Off) -> Iterator[str]:
    """Yields the credentials that had taken the place of one when it was ended, each made on record by
    somebody else: a thief makes himself a second key, too."""
    ended = view.credentials[name]
    for other, credential in sorted((view.dossier.beside | view.credentials).items()):
        if other not in (name, "") and _is_successor(view, other, credential, ended, off):
            yield other


def _is_successor(view: View, name: str, credential: Credential, ended: Credential, off: Off) -> bool:
    alike = family(credential) == family(ended) or "" in (credential.kind, ended.kind)
    if not (alike and stands(credential) and born(ended) < born(credential) < off.start):
        return False
    if credential.issued is None or credential.issued.actor == view.key:
        return False
    used = any(e.time < off.start for e in view.uses(credential, "succeeded"))
    turns = reaching(name, credential, view.possible_turns(name, credential))
    return used and not any(period.holds(off.start) for period in off_intervals(turns))
