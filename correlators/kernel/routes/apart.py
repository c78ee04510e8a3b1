"""Apart: credentials that moved out of their identity's dossier into a dossier of their own.

An identity with very many credentials would have to forget some, and with them their ends. So each of which a
record claims an end, its own or that of what it came from, moves into the dossier under the credential's own
key, where it is judged as if it still stood with its identity. The identity keeps no list of what moved out:
of each credential that it hears of it asks under that credential's key, and hands over what it has learned
with the question. The answer (``Credential.lives``) says whether the credential lives here or apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from correlators.kernel.knowledge.inferred import INFERRED
from correlators.kernel.knowledge.join import firsts, marks
from correlators.kernel.knowledge.weight import few, last_seen, over
from correlators.kernel.views.ends import NOT_A_DEATH, off_intervals
from correlators.kernel.views.inflight import successors
from correlators.kernel.views.view import View, groups
from schemas import frozen
from schemas.declaration import Declaration, in_effect
from schemas.dossier import APART, HERE, Address, Credential, Dossier, Reported, Sightings
from schemas.fact import Fact
from schemas.providers import never_acts
from schemas.verdict import Verdict

APART_MARK = "credentials apart"
"""Of an identity of which credentials have moved out."""

CREDENTIALS_MAX = 256
"""Credentials with an end that stay with their identity: all of them are judged whenever anything is learned
of one, and others of the partition wait for it: half a millisecond each."""

FEW = 8
"""Fewer credentials with an end than this stay together, whatever their size: each is kept in brief."""


def home_of(key: str, dossier: Dossier) -> str:
    """Returns the identity whose credential is judged here, apart from it; the key itself for every other
    dossier."""
    homes = [home for home, where in dossier.apart.items() if where == key] if dossier.apart else []
    return min(homes, default=key)


def targets_of(key: str, dossier: Dossier, homes: Iterable[str]) -> list[str]:
    """Returns where what would go to these homes goes: to where the credential lives apart, if it does."""
    there = {dossier.apart.get(home, home) for home in homes}
    return sorted(there - {key})


def questions(key: str, dossier: Dossier) -> Iterator[Fact]:
    """Yields for each credential that is not known to live here the questions to its own dossier: what is
    known of the credential, and where it lives."""
    if APART_MARK not in dossier.marks:
        return
    view = View(key, dossier)
    before = _did(view)
    for name, credential in dossier.credentials.items():
        alone = {name: frozen.changed(credential, lives=0)}
        if not name or name == key or credential.lives == HERE or alone[name] == Credential():
            continue
        asking = frozen.changed(_context(view, alone, before), credentials=alone)
        yield name, frozen.changed(asking, addresses={key: Address()}, asked={key: True})


def answers(key: str, dossier: Dossier) -> Iterator[Fact]:
    """Yields where this credential lives, to each that ever asked. Told whenever anything is learned: whoever
    asked again may have let go of the answer."""
    for home in dossier.asked:
        lives = APART if home in dossier.apart else HERE
        yield home, Dossier(credentials={key: Credential(lives=lives)})


def settled(dossier: Dossier, most: int) -> Dossier:
    """Returns the dossier without what was passed on: by a credential's own dossier to the identity with
    which it lives, by an identity to those that live apart, where they are more than ``most``: what was done
    with them was done by the identity, too."""
    if dossier.asked and not dossier.apart and dossier.credentials:
        return frozen.changed(dossier, credentials={})
    if APART_MARK not in dossier.marks:
        return dossier
    away = {name for name, c in dossier.credentials.items() if c.lives == APART}
    return _without(dossier, away) if len(away) > most else dossier


def own_verdicts(home: str, key: str, dossier: Dossier, verdicts: list[Verdict]) -> list[Verdict]:
    """Returns, of the verdicts that controls gave here, those that this dossier says: a credential that lives
    apart speaks of itself alone, and its identity not of it."""
    if home != key:
        return [v for v in verdicts if v.subject in dossier.credentials]
    away = _away(dossier)
    return [v for v in verdicts if v.subject not in away] if away else verdicts


def left_standing(dossier: Dossier) -> dict[str, Reported]:
    """Returns what was said of those that may live apart: it stands, whatever is said here."""
    away = _away(dossier)
    return {uid: r for uid, r in dossier.reported.items() if r.subject in away} if away else {}


def _away(dossier: Dossier) -> set[str]:
    if APART_MARK not in dossier.marks:
        return set()
    return {name for name, c in dossier.credentials.items() if name and c.lives != HERE}


def many(key: str, dossier: Dossier, most: int) -> list[str]:
    """Returns the credentials that are to move out where more than ``most`` may: the longest unseen first,
    down to half."""
    if len(dossier.credentials) <= most:
        return []
    may = _movable(key, dossier, _off)
    return may[: len(may) - most // 2] if len(may) > most else []


def _movable(key: str, dossier: Dossier, may: Callable[[Credential], bool]) -> list[str]:
    """Those of which this holds, the longest unseen first."""
    if home_of(key, dossier) != key:
        return []
    last = max(map(last_seen, dossier.credentials.values()), default=0)
    found = (
        (last_seen(c), name)
        for name, c in dossier.credentials.items()
        if name and name != key and c.lives != APART and c.kind != INFERRED and may(c) and not over(c, last)
    )
    return [name for _, name in sorted(found)]


def _off(credential: Credential) -> bool:
    """Off by an end of its own: no later end of the identity would change that."""
    turns = credential.turns
    return bool(turns) and not turns[-1].alive and turns[-1].kind not in NOT_A_DEATH


def _ended_or_orphaned(credential: Credential) -> bool:
    """Off, or what it came from has ended: its next use brings a later end of the identity with it."""
    return _off(credential) or any(
        not turn.alive for ancestor in credential.ancestors.values() for turn in ancestor.turns
    )


def heavy(key: str, dossier: Dossier, excess: int) -> list[str]:
    """Returns the credentials that are to move out of a dossier that is ``excess`` bytes too large: the
    longest unseen first. None where they are few: then it is not their number that makes it large."""
    may = _movable(key, dossier, _ended_or_orphaned)
    if len(may) < FEW:
        return []
    leaving: list[str] = []
    for name in may:
        if excess <= 0:
            break
        excess -= frozen.size_of(dossier.credentials[name])
        leaving.append(name)
    return leaving


def moved_out(key: str, dossier: Dossier, names: Iterable[str]) -> tuple[Dossier, list[Fact]]:
    """Returns the dossier without these credentials, and what is told to the dossiers of their own. Names of
    one credential move together, under the one that is preferred."""
    together = {name: group for group in groups(dossier.credentials) for name in group}
    view = View(key, dossier)
    before = _did(view)
    gone: set[str] = set()
    facts: list[Fact] = []
    said: dict[str, dict[str, Reported]] = {}
    for uid, reported in dossier.reported.items():
        said.setdefault(reported.subject, {})[uid] = reported
    for name in names:
        if name in gone:
            continue
        group = together.get(name, [name])
        gone.update(group)
        facts.extend(_moving(view, before, group, said))
    left = _without(dossier, gone)
    if APART_MARK not in left.marks:
        # Nothing has moved out before: all that is left lives here.
        here = {name: frozen.changed(c, lives=HERE) for name, c in left.credentials.items()}
        left = frozen.changed(left, credentials=here, marks=marks(left.marks, (APART_MARK,)))
    return left, facts


def _moving(
    view: View, before: dict[str, int], group: list[str], said: dict[str, dict[str, Reported]]
) -> Iterator[Fact]:
    key, dossier, leads = view.key, view.dossier, group[0]
    alone = {name: frozen.changed(dossier.credentials[name], lives=0) for name in group}
    for name in group:
        led = Dossier(addresses={key: Address()}, asked={key: True}, apart={key: leads})
        if name == leads:
            reported = {uid: r for one in group for uid, r in said.get(one, {}).items()}
            led = frozen.changed(
                _context(view, alone, before),
                credentials=alone,
                reported=reported,
                addresses=led.addresses,
                asked=led.asked,
                apart=led.apart,
            )
        yield name, led


def _context(view: View, alone: dict[str, Credential], before: dict[str, int]) -> Dossier:
    """What is known of the identity by which its credentials are judged, as little as will do. ``before``:
    how any of them wrote to identities."""
    dossier = view.dossier
    uses = [s for c in alone.values() for key, s in c.uses.items() if key.endswith(":continues")]
    asked = {e.asked for s in uses for e in s.kept}
    return Dossier(
        turns={about: few(turns) for about, turns in dossier.turns.items()},
        stated={about: (_in_short(every),) for about, every in dossier.stated.items()},
        exceptions=dossier.exceptions,
        rotations={about: every for about, every in dossier.rotations.items() if about in alone},
        sessions={uid: s for uid, s in dossier.sessions.items() if s.began.credential in alone},
        begun={what: time for what, time in dossier.begun.items() if what in asked},
        called=dossier.called,
        beside=_beside(view, alone) | ({"": Credential(did=before)} if before else {}),
    )


def _did(view: View) -> dict[str, int]:
    did: dict[str, int] = {}
    for credential in view.credentials.values():
        did = firsts(did, credential.did)
    return did


def _beside(view: View, alone: dict[str, Credential]) -> dict[str, Credential]:
    """What of the other credentials says whether what was done with these, or with what came from them, was
    in flight at a planned rotation: who took their place, and where the heirs were."""
    found: dict[str, Credential] = {}
    for name in alone:
        credential = view.credentials.get(name)
        if credential is None:
            continue
        heirs = credential.children.keys() | credential.descendants.keys()
        if not heirs and never_acts(name) is None:
            continue
        known = {heir: view.credentials[heir] for heir in heirs if heir in view.credentials}
        found |= {heir: Credential(stays=c.stays) for heir, c in known.items() if heir not in alone}
        for off in off_intervals(view.turns_of(name)):
            taken = next((other for other in successors(view, name, off) if other not in alone), "")
            if taken in view.credentials:
                found[taken] = _in_brief(view.credentials[taken], off.start)
    return found


def _in_brief(credential: Credential, time: int) -> Credential:
    """A successor as far as tells that it is one: what it is, by whom it was issued, whether it was used by a
    time (µs), and lived."""
    first = {
        key: Sightings(s.kept[:1])
        for key, s in credential.uses.items()
        if key.partition(":")[0] == "succeeded" and s.kept and s.kept[0].time < time
    }
    return Credential(
        kind=credential.kind, issued=credential.issued, known=credential.known, parents=credential.parents,
        turns=few(credential.turns), uses=first,
    )  # fmt: skip


def _in_short(every: tuple[Declaration, ...]) -> Declaration:
    """What some declarations say now, without the tools."""
    return frozen.changed(in_effect(every)[-1], tools=None, delegates=None)


def _without(dossier: Dossier, gone: set[str]) -> Dossier:
    """The dossier without these credentials and what was said of them: it is said elsewhere from now on."""
    return frozen.changed(
        dossier,
        credentials={n: c for n, c in dossier.credentials.items() if n not in gone},
        reported={uid: r for uid, r in dossier.reported.items() if r.subject not in gone},
    )
