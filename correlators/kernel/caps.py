"""Caps and ages: what keeps a dossier small. Each is a named number; reaching one leaves a mark; nothing goes
silently.
"""

from __future__ import annotations

from datetime import timedelta

from correlators.kernel.knowledge import spans
from correlators.kernel.knowledge.fullness import marked
from correlators.kernel.knowledge.join import join, marks
from correlators.kernel.knowledge.pins import pinned
from correlators.kernel.knowledge.sightings import thin
from correlators.kernel.knowledge.weight import HEARSAY_MARK, claimed, lightened
from correlators.kernel.routes import grants, lookups
from correlators.kernel.routes.kinds import kind_of
from correlators.kernel.views.thresholds import DEFAULTS
from schemas import frozen
from schemas.dossier import Credential, Dossier
from schemas.evidence import micros
from schemas.providers import has_single_objects
from schemas.verdict import Clock

DOSSIER_BYTES_MAX = 600_000
"""A Kafka message over 1 MB crashes a Faust worker at each restart: a dossier stays well below."""

UNCLAIMED_AGE = micros(timedelta(days=1))
"""A credential that nobody owns and nothing ended, tried once: a scanner's rubbish. Its dossier lives a day.
"""

OBJECT_AGE = micros(timedelta(days=30))
"""A deleted pod or Secret has told its end to what rested on it; only a record that comes later than this
would ask again.
"""


VOICES_MAX = 8
"""Voices whose hearsay about one thing is kept, the smallest by name: a site has few producers, but an issuer
of security events may call itself anything."""

ENDED_AGE = DEFAULTS.memory
"""With an end it lives as long as the longest memory; the setting ``memory``."""


def canonical(dossier: Dossier, bytes_max: int = DOSSIER_BYTES_MAX) -> tuple[Dossier, bytes]:
    """Returns the dossier as it is stored, tidy and within its bytes, and its encoding."""
    return lightened(tidy(dossier), bytes_max)


def tidy(dossier: Dossier, thinly: bool = True) -> Dossier:
    """Returns the dossier with its sightings pinned and thinned, its parts within their caps. A function of
    all that is known, in whatever order it came. ``thinly``: not all uses are kept."""
    if dossier.heard:
        dossier = _hearsay_capped(dossier)
    if dossier.coming:
        dossier = frozen.changed(dossier, coming={at: tidy(said) for at, said in dossier.coming.items()})
    return marked(
        spans.capped(lookups.capped(grants.capped(_thinned(pinned(dossier)) if thinly else dossier)))
    )


def _hearsay_capped(dossier: Dossier) -> Dossier:
    """Hearsay within the caps of everything else, and of a few voices alone."""
    heard = {voice: tidy(dossier.heard[voice]) for voice in sorted(dossier.heard)[:VOICES_MAX]}
    if heard == dossier.heard:
        return dossier
    marked = marks(dossier.marks, (HEARSAY_MARK,)) if len(dossier.heard) > VOICES_MAX else dossier.marks
    return frozen.changed(dossier, heard=heard, marks=marked)


def _thinned(dossier: Dossier) -> Dossier:
    changed: dict[str, Credential] = {}
    for name, credential in dossier.credentials.items():
        uses = {key: thin(s) for key, s in credential.uses.items()}
        if any(uses[key] is not s for key, s in credential.uses.items()):
            changed[name] = frozen.changed(credential, uses=uses)
    calls = {
        key: frozen.changed(c, channels={ch: thin(s) for ch, s in c.channels.items()})
        for key, c in dossier.calls.items()
        if any(thin(s) is not s for s in c.channels.values())
    }
    images = dossier.images
    if any(thin(s) is not s for s in images.values()):
        images = {how: thin(s) for how, s in images.items()}
    lists = {
        key: frozen.changed(listed, seen=thin(listed.seen))
        for key, listed in dossier.lists.items()
        if thin(listed.seen) is not listed.seen
    }
    if not changed and not calls and not lists and images is dossier.images:
        return dossier
    return frozen.changed(
        dossier,
        credentials={**dossier.credentials, **changed},
        calls={**dossier.calls, **calls},
        images=images,
        lists={**dossier.lists, **lists},
    )


def expired(key: str, dossier: Dossier, clock: Clock, ended_age: int = ENDED_AGE) -> bool:
    """Says whether the dossier's age is over: traces, and credentials that no identity ever claimed."""
    kind = kind_of(key)
    if kind is not None:
        return kind.expired(dossier, clock)
    if "#" in key and has_single_objects(key) and dossier.turns:
        ends = [t.evidence.arrived or t.time for turns in dossier.turns.values() for t in turns]
        return max(ends) + (OBJECT_AGE if dossier.members else UNCLAIMED_AGE) < clock.now
    for said in dossier.heard.values():
        dossier = join(dossier, said)
    credential = dossier.credentials.get(key)
    if dossier.apart and credential is not None:
        ends = [t.evidence.arrived or t.time for t in credential.turns]
        uses = [e.arrived or e.time for s in credential.uses.values() for e in s.kept[-1:]]
        return max((*ends, *uses), default=clock.now) + ended_age < clock.now
    if credential is None or dossier.turns or dossier.stated or dossier.addresses:
        return False
    if credential.issued or len(dossier.credentials) > 1 or credential.parents or credential.children:
        return False
    last = max(
        (e.arrived or e.time for s in credential.uses.values() for e in s.kept),
        default=credential.known.arrived or credential.known.time if credential.known else clock.now,
    )
    return last + (ended_age if claimed(credential) else UNCLAIMED_AGE) < clock.now
