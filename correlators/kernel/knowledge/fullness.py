"""Fullness: marks of the sets that stand at their cap.

A set at its cap may have let something go in any join, here or on its way here; that it has cannot be seen,
so the mark says that it is full. What is full stays full: the mark does not depend on the order of arrival.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sized

from correlators.kernel.knowledge.join import (
    CLAIMS_MAX,
    DECLARATIONS_MAX,
    DID_MAX,
    LISTS_MAX,
    NAMES_MAX,
    SECRETS_MAX,
    STAYS_MAX,
    TURNS_MAX,
    UNDID_MAX,
    marks,
)
from schemas import frozen
from schemas.dossier import Credential, Dossier, Listed

TURNS_MARK = "turns full"
NAMES_MARK = "names full"
STAYS_MARK = "places full"
CLIENTS_MARK = "clients full"
DECLARATIONS_MARK = "declarations full"
CLAIMS_MARK = "claims full"
LISTS_MARK = "lists of tools full"
WRITES_MARK = "ways of writing full"
SECRETS_MARK = "secrets full"


def marked(dossier: Dossier) -> Dossier:
    """Returns the dossier with a mark for each sort of set that stands at its cap. Returns the argument where
    none does, or the marks are there."""
    full = marks(dossier.marks, tuple(set(_full(dossier))))
    return dossier if full is dossier.marks else frozen.changed(dossier, marks=full)


def _full(dossier: Dossier) -> Iterator[str]:
    if _has(dossier.stated, DECLARATIONS_MAX):
        yield DECLARATIONS_MARK
    claims = (dossier.rotations, dossier.policies, dossier.approvals, dossier.releases)
    if len(dossier.exceptions) >= CLAIMS_MAX or any(_has(many, CLAIMS_MAX) for many in claims if many):
        yield CLAIMS_MARK
    switches = (
        *dossier.turns.values(),
        *(address.turns for address in dossier.addresses.values()),
        *(grant.turns for grant in dossier.grants.values()),
    )
    if switches and max(map(len, switches)) >= TURNS_MAX:
        yield TURNS_MARK
    if len(dossier.secrets) >= SECRETS_MAX:
        yield SECRETS_MARK
    if any(len(c.names) >= NAMES_MAX or len(c.servers) >= NAMES_MAX for c in dossier.calls.values()):
        yield NAMES_MARK
    if len(dossier.lists) >= LISTS_MAX and full_lists(dossier.lists):
        yield LISTS_MARK
    for credential in dossier.credentials.values():
        yield from _full_of(credential)


def _has(sets: Mapping[str, Sized], most: int) -> bool:
    """Whether one of the sets has so many members."""
    return bool(sets) and max(map(len, sets.values())) >= most


def full_lists(lists: dict[str, Listed]) -> set[str]:
    """Agents and servers (as the keys begin) whose lists stand at the cap."""
    many = Counter(key.rpartition("\t")[0] for key in lists)
    return {group for group, count in many.items() if count >= LISTS_MAX}


def _full_of(c: Credential) -> Iterator[str]:
    if len(c.names) >= NAMES_MAX:
        yield NAMES_MARK
    if max(len(c.places), len(c.clients)) >= NAMES_MAX:
        yield CLIENTS_MARK
    if len(c.did) >= DID_MAX or len(c.undid) >= UNDID_MAX:
        yield WRITES_MARK
    if max(len(c.stays), len(c.knocks)) >= STAYS_MAX:
        yield STAYS_MARK
    if c.descendants and any(len(d.names) >= NAMES_MAX for d in c.descendants.values()):
        yield NAMES_MARK
    if max(len(c.turns), len(c.failed_ends), len(c.exposures)) >= TURNS_MAX:
        yield TURNS_MARK
    if c.ancestors and any(len(a.turns) >= TURNS_MAX for a in c.ancestors.values()):
        yield TURNS_MARK
