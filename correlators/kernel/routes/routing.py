"""Routing: what a dossier tells others, a pure function of what it knows.

Facts are forwarded unchanged and joins are idempotent, so a cycle of addresses ends when nothing is learned
any more. Everything told is monotone in the dossier: what was once told is never taken back, only added to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from correlators.kernel.knowledge.homes import homes_of
from correlators.kernel.knowledge.join import firsts, join
from correlators.kernel.knowledge.pins import sightings_of
from correlators.kernel.knowledge.sightings import merge, thin
from correlators.kernel.knowledge.tied import by_name, lives_until, tied_to
from correlators.kernel.knowledge.weight import CUT
from correlators.kernel.routes import apart, circles, crowds, siblings
from correlators.kernel.routes.grants import removals
from correlators.kernel.routes.kinds import kind_of
from correlators.kernel.routes.lendings import lendings
from correlators.kernel.routes.lookups import tries_on_members
from correlators.kernel.routes.rosters import enrolments
from correlators.kernel.views.view import View, thinned_but
from schemas import frozen
from schemas.activity import EndKind
from schemas.authority import INVENTORY, is_identity
from schemas.declaration import Declaration
from schemas.dossier import (
    EMPTY,
    Address,
    Ancestor,
    Child,
    Credential,
    Descendant,
    Dossier,
    Sightings,
    Turn,
)
from schemas.evidence import Evidence
from schemas.fact import group_of
from schemas.providers import is_credential
from schemas.span import is_unnamed

CONTINUES = ":continues"
"""How the uses end that may be no uses of their own (``schemas.activity.Action``): an ancestor's dossier does
not know what began, so they are not told to it."""

Outbox = dict[str, Dossier]


def outbox(key: str, dossier: Dossier) -> Outbox:
    """Returns for each other dossier all that the dossier of ``key`` has to tell it. ``key`` itself may
    be among them (lineage inside an identity). What follows from hearsay is told as hearsay of the same
    voice."""
    if not dossier.heard:
        return _gathered(key, dossier)
    outgoing = _gathered(key, dossier)
    settled = forwarded_to(key, dossier)
    for voice, said in dossier.heard.items():
        for target, fact in _gathered(key, join(frozen.changed(dossier, heard={}), said)).items():
            if target not in settled and fact != outgoing.get(target):
                wrapped = Dossier(heard={voice: fact})
                outgoing[target] = join(outgoing[target], wrapped) if target in outgoing else wrapped
    return outgoing


def _gathered(key: str, dossier: Dossier) -> Outbox:
    return gathered(_for_others(key, dossier))


def gathered(facts: Iterable[tuple[str, Dossier]]) -> Outbox:
    """Returns the facts, joined to one fact for each dossier that they are for."""
    outgoing: Outbox = {}
    for target, fact in facts:
        outgoing[target] = join(outgoing[target], fact) if target in outgoing else fact
    return outgoing


def _for_others(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    kind = kind_of(key)
    if kind is not None:
        whole = forwarded_to(key, dossier)
        yield from ((target, kind.passed_on(key, dossier)) for target in whole)
        if not whole:
            yield from kind.forwards(key, dossier)
        return
    if dossier.members:
        yield from _group_deaths(key, dossier)
        yield from tries_on_members(key, dossier)
        yield from removals(key, dossier)
    yield from _aliases(key, dossier)
    targets = forwarded_to(key, dossier)
    if targets:
        content = Dossier(
            credentials=dossier.credentials,
            turns=dossier.turns,
            stated=dossier.stated,
            calls=dossier.calls,
            offered=dossier.offered,
            lists=dossier.lists,
            seen=dossier.seen,
            grants=dossier.grants,
            sessions=dossier.sessions,
            begun=dossier.begun,
            rotations=dossier.rotations,
            policies=dossier.policies,
            approvals=dossier.approvals,
            releases=dossier.releases,
            images=dossier.images,
            secrets=dossier.secrets,
            exceptions=dossier.exceptions,
            covers=dossier.covers,
            made=dossier.made,
            lent=dossier.lent,
            called=dossier.called,
            makers=dossier.makers,
            reported=dossier.reported,
            marks=dossier.marks,
            heard=dossier.heard,
            ways=circles.ways(key, dossier),
        )
        if content != EMPTY:
            yield from ((target, content) for target in targets)
    yield from circles.notices(key, dossier)
    if dossier.reported:
        yield from crowds.to_crowds(key, dossier.reported)
    if not targets or circles.is_home(key, dossier):
        if dossier.credentials:
            yield from _lineage(key, dossier)
        yield from enrolments(key, dossier)
        yield from _calls_of_nobody(key, dossier)
        yield from apart.questions(key, dossier)
        if dossier.lent or dossier.credentials:
            yield from lendings(key, dossier)
        if dossier.made:
            yield from _made_by_it(key, dossier)


def _made_by_it(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """To those that a declared identity made: that it is declared, under every key of it, and since when."""
    records = [d for many in dossier.stated.values() for d in many if d.source == INVENTORY]
    if records:
        first = min(_record(d) for d in records)
        keys = {key, *dossier.stated, *(alias for d in records for alias in d.aliases)}
        fact = Dossier(makers=dict.fromkeys(sorted(keys), first))
        yield from ((identity, fact) for identity in dossier.made)


def _calls_of_nobody(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Calls that name no agent, told to the declared agents of their service, whose rows must say so."""
    if dossier.calls and is_unnamed(key):
        for identity in dossier.stated:
            if identity != key:
                yield identity, Dossier(calls=dossier.calls)


def only_leads(key: str, dossier: Dossier) -> bool:
    """Says whether all that is known under a credential's key is whose it is, which nobody doubts: there is
    nothing to forward, to judge or to cut."""
    return (
        bool(dossier.addresses)
        and is_credential(key)
        and dossier == Dossier(addresses=dossier.addresses)
        and key not in dossier.addresses
        and not any(address.turns for address in dossier.addresses.values())
    )


def forwarded_to(key: str, dossier: Dossier) -> list[str]:
    """Returns the targets of the forwarding addresses that hold; a declared one holds while its latest turn
    says so."""
    targets = sorted(
        target
        for target, address in dossier.addresses.items()
        if target != key and (not address.turns or address.turns[-1].alive)
    )
    return apart.targets_of(key, dossier, targets) if dossier.apart else targets


def judged_elsewhere(key: str, dossier: Dossier) -> bool:
    """Says whether what is known here is judged where it is forwarded to. In a circle the least key is
    judged."""
    targets = forwarded_to(key, dossier)
    return bool(targets) and not circles.is_home(key, dossier)


def _aliases(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Each other key that a record ever gave this identity: with every record, whether it still holds."""
    declared = dossier.stated.get(key, ())
    for alias in sorted({alias for d in declared for alias in d.aliases if alias != key}):
        turns = tuple(
            Turn(d.recorded, alias in d.aliases, circles.DECLARED, _record(d), "declared", about=alias)
            for d in declared
            if d.says("aliases")
        )
        yield alias, Dossier(addresses={key: Address(min(d.recorded for d in declared), turns)})


def _record(d: Declaration) -> Evidence:
    return Evidence(d.recorded, d.uid, d.source, arrived=d.arrived, processed=d.processed)


def _group_deaths(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """What happened to the group, told to each member issued before it; by the same turn, so twice told is
    once known."""
    every = dossier.turns.get(group_of(key), ())
    if all(turn.alive for turn in every):
        return
    for credential, member in dossier.members.items():
        turns = tuple(
            _as_member(turn)
            for turn in every
            if member.issued <= turn.time and member.path.startswith(turn.scope)
        )
        if turns:
            fact = Dossier(credentials={credential: Credential(turns=turns)})
            yield from ((home, fact) for home in homes_of(member.identity))


def _as_member(turn: Turn) -> Turn:
    kind: EndKind = "removed" if turn.kind == "removed" else "group"
    return Turn(
        turn.time,
        turn.alive,
        turn.how,
        turn.evidence,
        kind,
        turn.claims_cut,
        turn.carries,
        turn.scope,
        turn.about,
    )


def _lineage(key: str, dossier: Dossier) -> Iterator[tuple[str, Dossier]]:
    """Deaths go down to children; uses after a death go back up to the dossier of the ancestor that
    died.
    """
    incomplete = not CUT.isdisjoint(dossier.marks)
    alone = len(dossier.credentials) == 1
    if alone and not incomplete and not any(c.children or c.ancestors for c in dossier.credentials.values()):
        return
    view = View(key, dossier)
    tied = tied_to(view.credentials)
    for name, credential in view.credentials.items():
        if credential.children or name in tied or (incomplete and name):
            yield from _deaths_down(view, name, credential, incomplete, tied.get(name, {}))
        if credential.ancestors:
            yield from _uses_up(view, name, credential)


def _deaths_down(
    view: View, name: str, credential: Credential, incomplete: bool, tied: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, Dossier]]:
    ends = tuple(turn for turn in view.possible_turns(name) if turn.carries or turn.alive) + _rotated(view)
    lost: dict[str, Ancestor] = dict(credential.ancestors)
    if any(not turn.alive for turn in ends):
        lost[name] = Ancestor(
            "dies_with", view.key, ends, credential.kind, credential.issued, credential.incarnation, True
        )
    if not lost:
        return
    parent = frozen.changed(credential, ancestors=lost)
    for child, link in credential.children.items():
        yield from siblings.ends_for(child, link, parent)
    for other, named in tied.items():
        opened = view.credentials[other].opened
        yield from siblings.ends_for(other, Child("came_from", view.key), by_name(parent, named, opened))
    for one in (name, *credential.names) if incomplete else ():
        if not is_identity(one):
            head = siblings.head_of(one)
            yield from siblings.ends_for(head, siblings.elder(head), parent)


def _rotated(view: View) -> tuple[Turn, ...]:
    """Rotations are told to all children, who then tell their uses since: which credential is an old one may
    be learned later."""
    return tuple(
        Turn(r.at, False, r.how, r.record, "rotated", carries=True, about=subject)
        for subject, many in view.dossier.rotations.items()
        for r in many
    )


def _did_before(view: View, time: int) -> dict[str, int]:
    """How any credential of this identity had written to identities before."""
    did: dict[str, int] = {}
    for credential in view.credentials.values():
        did = firsts(did, {way: at for way, at in credential.did.items() if at < time})
    return did


def _seen(view: View, credential: Credential) -> list[tuple[str, Sightings]]:
    """Its uses: those of the credential under whose key they are seen, where that is another."""
    pool = view.credentials.get(credential.seen_as)
    return sightings_of(pool) if credential.seen_as and pool else sightings_of(credential)


def _superseded(view: View, name: str, credential: Credential) -> int:
    """When the next one of those that are seen under the same key was issued; 0 where none is known. It only
    falls as more is learned."""
    if not credential.seen_as or credential.issued is None:
        return 0
    since = credential.issued.time
    later = (
        c.issued.time
        for other, c in view.credentials.items()
        if other != name and c.seen_as == credential.seen_as and c.issued and c.issued.time > since
    )
    return min(later, default=0)


def _uses_up(view: View, name: str, credential: Credential) -> Iterator[tuple[str, Dossier]]:
    for ancestor, end in credential.ancestors.items():
        since = min((turn.time for turn in end.turns if not turn.alive), default=0)
        if credential.seen_as and credential.issued:
            since = max(since, credential.issued.time)
        turns = {turn.time for turn in end.turns}
        uses: dict[str, Sightings] = {}
        for outcome, sightings in _seen(view, credential):
            if outcome.endswith(CONTINUES):
                continue
            kept = thinned_but(sightings, turns)
            lost = None if credential.seen_as else thin(sightings).gone
            until = credential.seen_until or kept[-1].time if kept else 0
            cut = sightings.truncated or len(kept) < len(sightings.kept)
            late = Sightings(tuple(e for e in kept if since <= e.time <= until), cut, lost)
            if late.kept:
                uses[outcome] = merge(uses[outcome], late) if outcome in uses else late
        did = _did_before(view, since) if any(key.endswith(":identity_write") for key in uses) else {}
        over = credential.seen_until or lives_until(name, credential)
        expiry = credential.expiry if credential.expiry[1] else (0, over)
        descendant = Descendant(
            end.edge, credential.kind, credential.names, credential.issued, expiry, uses, did,
            _superseded(view, name, credential), end.direct, end.named, end.opened,
        )  # fmt: skip
        fact = Dossier(credentials={ancestor: Credential(descendants={name: descendant})})
        yield from ((home, fact) for home in homes_of(end.home))
