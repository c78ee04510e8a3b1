"""Rosters: an identity puts itself on its installation's, and is told what holds for all of the installation.

An inventory speaks for an installation, an exception may hold for many identities, and approvals of a root
name no credential: none of these can be sent to each dossier they concern, for nobody knows them all
beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator

from correlators.kernel.knowledge.join import passages
from schemas.authority import INVENTORY
from schemas.credential_kind import traits_of
from schemas.dossier import Credential, Dossier, Member, Passage
from schemas.fact import standing
from schemas.providers import BY_WORD, behind, installation_of, is_credential, is_own, word_of
from schemas.remembering import remembered_together
from schemas.rosters import EVERYWHERE, digest, made_digest, roster_head, roster_key, roster_of

MEMBERS_MAX = 4_000
"""Identities on one of the sixteen shards of a roster, those with the smallest digests: the others hear
nothing that holds for all, so nothing is said of them by it. 64,000 service accounts in one cluster or
account are more than any we know of."""

MEMBERS_MARK = "roster truncated"


def enrolments(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields the roster that an active identity, or whatever a finding is about, goes on; and the shards of a
    roster on those where their samples meet, and where what holds everywhere is."""
    here = roster_of(key)
    if here:
        if here != EVERYWHERE and (dossier.members or dossier.sampled) and key != roster_head(here):
            yield roster_key(EVERYWHERE, key), Dossier(members={key: Member(key)})
            gathered = Dossier(members={key: Member(key)}, sampled=dossier.sampled, fronts=dossier.fronts)
            yield roster_head(here), gathered
        return
    yield from _passages(key, dossier)
    enrolment = _enrolment(key, _drawn(key, dossier))
    if enrolment is None:
        return
    if _acts(key, dossier):
        yield enrolment
    elif any(reported.severity for reported in dossier.reported.values()):
        # By the word of others alone, perhaps: it hears what holds for all, and is no part of a sample.
        yield enrolment[0], Dossier(members={key: Member(key)})


def _drawn(key: str, dossier: Dossier) -> str:
    """How it stands in the sample of its installation: of one that no record declares, with when it was made,
    where that is on record. Who is made after an inventory spoke says nothing of whom that names."""
    if any(d.source == INVENTORY for many in dossier.stated.values() for d in many):
        return digest(key)
    made = max((t.time for t in dossier.turns.get(key, ()) if t.kind == "remade" and t.alive), default=0)
    return made_digest(digest(key), made) if made else digest(key)


@remembered_together(16_384)
def _enrolment(key: str, drawn: str) -> tuple[str, Dossier] | None:
    installation = installation_of(key)
    if not installation or "#" in key:
        return None
    counted = {drawn: False} if is_own(key) else {}
    return roster_key(installation, key), Dossier(members={key: Member(key)}, sampled=counted)


def _acts(key: str, dossier: Dossier) -> bool:
    """Whether it acts. A credential without an identity is a dossier of its own, and there may be millions:
    of those only roots."""
    if is_credential(key):
        return any(traits_of(c.kind).root for c in dossier.credentials.values())
    return bool(dossier.calls) or any(_active(c) for c in dossier.credentials.values())


def _passages(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Where an identity that came from several addresses came from, told to the roster of the installation
    that its credentials are of: who else came from there shows whether an address is a balancer's."""
    if len({place for credential in dossier.credentials.values() for place in credential.stays}) < 2:
        return
    seen: dict[str, dict[str, Passage]] = {}
    for name, credential in dossier.credentials.items():
        installation = behind(name) if credential.stays else ""
        if installation:
            here = _passed(name, credential)
            known = seen.get(installation)
            seen[installation] = here if known is None else passages(known, here)
    for installation, here in seen.items():
        if len(here) > 1:
            fronts = {installation: {digest(key): here}}
            yield roster_key(installation, key), Dossier(members={key: Member(key)}, fronts=fronts)


def _passed(name: str, credential: Credential) -> dict[str, Passage]:
    """By address: when the credential was seen there first, and, where it was issued there, when."""
    sources = BY_WORD[word_of(name)].sources
    given = credential.issued
    through = standing(given.place) if given is not None and given.source in sources else ""
    roams = len(credential.stays) > 1
    here: dict[str, Passage] = {}
    for at, stay in credential.stays.items():
        source, _, place = at.partition("\t")
        if source in sources:
            issued = given.time if given is not None and place == through else 0
            here[place] = Passage(stay.first.time, issued, roams)
    return here


def _active(credential: Credential) -> bool:
    return credential.issued is not None or any(
        outcome.startswith("succeeded") for outcome in credential.uses
    )


def notices(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Yields to each member of this roster what holds for all of them."""
    if not roster_of(key):
        return
    if key == roster_head(roster_of(key)):
        notice = Dossier(sampled=dossier.sampled, fronts=dossier.fronts)
    else:
        sample = dossier.sampled if dossier.covers else {}
        notice = Dossier(
            covers=dossier.covers, exceptions=dossier.exceptions, approvals=dossier.approvals, sampled=sample,
            fronts=dossier.fronts,
        )  # fmt: skip
    if notice != Dossier():
        for member in dossier.members:
            yield member, notice


def capped(key: str, dossier: Dossier) -> Dossier:
    """Returns the roster within its cap. Returns the argument where nothing is let go."""
    if len(dossier.members) <= MEMBERS_MAX or not roster_of(key):
        return dossier
    kept = sorted(dossier.members, key=lambda member: (digest(member), member))[:MEMBERS_MAX]
    return Dossier(
        members={member: dossier.members[member] for member in kept},
        covers=dossier.covers,
        exceptions=dossier.exceptions,
        approvals=dossier.approvals,
        sampled=dossier.sampled,
        fronts=dossier.fronts,
        reported=dossier.reported,
        marks=tuple(sorted({*dossier.marks, MEMBERS_MARK})),
    )
