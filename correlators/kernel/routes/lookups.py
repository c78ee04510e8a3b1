"""Look-ups: whose credential an unnamed refusal was about, inferred from the server's own search beside it.

A Kubernetes API server that refuses a token names nobody. But to check a token that it signed itself, it
asks for the object that the token rests on, and logs that question (system:apiserver, get, 404) within the
refusal's span. So a refusal with one such look-up in it was a try with something that rested on that object.

Monotone: a refusal that has a look-up in it is told to what was looked for, for good. Where a look-up for
something else lies in it too, it is told as doubted as well, and whoever reads the uses passes over doubted
ones (``correlators.kernel.views.view``): a second candidate that comes late takes the inference back. Of
several refusals around one look-up one is meant, and each is told: that something resting on it was refused
then holds for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.kernel.knowledge.homes import homes_of
from correlators.kernel.knowledge.inferred import DOUBTED, FLOOD, INFERRED, TRIED
from schemas import frozen
from schemas.dossier import Credential, Dossier, Glimpsed, Sightings
from schemas.evidence import Evidence
from schemas.fact import group_key, group_of
from schemas.providers import is_object
from schemas.sharding import GLIMPSE_SPAN, ITSELF, bucket_of

MOMENTS_MAX = 400
"""Refusals, and look-ups, of one dossier (12 s) that are kept, the earliest: with more there is a flood, in
which nothing is inferred."""

FLOOD_MARK = "glimpses truncated"
FLOODED_MARK = "refusals in a flood"
"""Told to whoever was looked up in a flood: of them, too, nothing is inferred there."""


def tries_of(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields for each object that was looked for the refusals around the look-up, of those that began in this
    bucket."""
    kept = capped(dossier)
    bucket = bucket_of(key)
    lookups = [g for g in kept.glimpses.values() if g.about]
    for refusal in kept.glimpses.values():
        if refusal.about or refusal.evidence.time // GLIMPSE_SPAN != bucket:
            continue
        candidates = sorted({lookup.about for lookup in lookups if _lies_within(lookup, refusal)})
        for about in candidates:
            yield _home(about), _tried(refusal, about, doubted=len(candidates) > 1)
    if FLOOD_MARK in kept.marks:
        doubt = Sightings((Evidence(bucket * GLIMPSE_SPAN, f"{FLOOD}{bucket}"),))
        for about in sorted({lookup.about for lookup in lookups}):
            yield (
                _home(about),
                Dossier(
                    credentials={about: Credential(INFERRED, uses={DOUBTED: doubt})}, marks=(FLOODED_MARK,)
                ),
            )


def _lies_within(lookup: Glimpsed, refusal: Glimpsed) -> bool:
    return refusal.evidence.time <= lookup.evidence.time and lookup.until <= refusal.until


def _home(about: str) -> str:
    """The dossier of what was looked for: an account's own, or that of the object's group."""
    return group_key(about, about) if is_object(about) else about


def _tried(refusal: Glimpsed, about: str, doubted: bool) -> Dossier:
    evidence = _evidence(refusal.evidence, about)
    sighting = Sightings((evidence,))
    uses = {TRIED: sighting, DOUBTED: sighting} if doubted else {TRIED: sighting}
    return Dossier(credentials={about: Credential(INFERRED, known=evidence, uses=uses)})


def _evidence(e: Evidence, about: str) -> Evidence:
    operation = f"{e.operation} (inferred: the server looked for {about.partition(':')[2]} and found none)"
    return frozen.changed(e, operation=operation, mirrors=(), asked="")


def tries_on_members(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Tries with something that rested on this object, and its ends, told to those who hold what rests on it.

    A member whose path is ``ITSELF`` is itself the credential that the object is; of others it is not known
    which one was tried.
    """
    group = group_of(key)
    tried = dossier.credentials.get(group)
    if tried is None or not tried.uses:
        return
    turns = dossier.turns.get(group, ())
    for credential, member in dossier.members.items():
        itself = member.path == ITSELF
        name = credential if itself else group
        known = Credential(
            "" if itself else tried.kind,
            known=tried.known,
            uses=tried.uses,
            turns=tuple(t for t in turns if itself == (t.scope == ITSELF)),
        )
        fact = Dossier(credentials={name: known})
        yield from ((home, fact) for home in homes_of(member.identity))


def capped(dossier: Dossier) -> Dossier:
    """Returns the bucket within its caps. Returns the argument where nothing is let go."""
    if not dossier.glimpses:
        return dossier
    kept = [*_first(dossier, lookups=True), *_first(dossier, lookups=False)]
    if len(kept) == len(dossier.glimpses):
        return dossier
    marks = tuple(sorted({*dossier.marks, FLOOD_MARK}))
    return Dossier(glimpses={uid: dossier.glimpses[uid] for uid in sorted(kept)}, marks=marks)


def _first(dossier: Dossier, *, lookups: bool) -> list[str]:
    some = [(g.evidence.time, uid) for uid, g in dossier.glimpses.items() if bool(g.about) == lookups]
    return [uid for _, uid in sorted(some)[:MOMENTS_MAX]]
