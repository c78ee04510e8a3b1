"""Facts: what one activity teaches, each a small dossier under the key whose dossier it joins.

``facts_of`` is a function of the activity alone. ``Envelope`` is one message on the facts topic: many facts
of one partition, or a tick.
"""

from __future__ import annotations

import ipaddress
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any

import msgspec

from schemas import claim_facts, frozen
from schemas.activity import (
    Activity,
    Aliased,
    Approved,
    Begun,
    Effect,
    Ended,
    EndFailed,
    Excepted,
    Exposed,
    Fetched,
    Glimpse,
    Granted,
    Imaged,
    Issued,
    Known,
    Lent,
    Released,
    Renewed,
    Restored,
    Rotated,
    Rotates,
    Session,
    Spanned,
    Stated,
    Withdrawn,
)
from schemas.authority import INVENTORY, is_identity, may_expose, speaks_for, voice_of
from schemas.dossier import (
    Address,
    Called,
    Child,
    Credential,
    Dossier,
    Glimpsed,
    Grant,
    Member,
    Opened,
    Sightings,
    Stay,
    Turn,
)
from schemas.evidence import VIA, Evidence, event_key, micros, network_of
from schemas.naming import is_opaque, sort_of
from schemas.providers import READS_MANY, is_chosen, machine_of, only_removes
from schemas.remembering import remembered
from schemas.sharding import GROUP_SHARDS as GROUP_SHARDS
from schemas.sharding import glimpse_keys, grant_key, grant_keys, group_keys
from schemas.sharding import group_key as group_key
from schemas.sharding import group_of as group_of

Fact = tuple[str, Dossier]

TRACE_PREFIX = "trace:"
WATCH = "watch:"
"""The key of what sources have shown: every partition has a dossier of it, ``watch:<number>``; under the bare
key a fact is for all of them."""


TELEMETRY = "telemetry:"
"""The key of what is known of a source as such, before its name: on which days it showed something."""


def telemetry_key(source: str) -> str:
    """Returns the key of the dossier in which a source is judged for its silence."""
    return f"{TELEMETRY}{source}"


class Tick(msgspec.Struct, frozen=True, omit_defaults=True):
    """Time, as a message: ``now`` in µs, and per raw partition (``topic/partition``) its watermark in µs; or,
    under a source's own name, its newest event time.
    """

    now: int
    watermarks: dict[str, int] = {}


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of the facts topic: facts that all belong to its partition, a tick, or both. ``hold``:
    until when (µs) nothing of the partition is judged, because not all that is known of it has come back; the
    last one holds, 0 says nothing of it."""

    facts: list[tuple[str, Dossier]] = []
    tick: Tick | None = None
    hold: int = 0


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Envelope)


def encode_envelope(envelope: Envelope) -> bytes:
    """Returns the envelope as bytes, as it travels on the facts topic."""
    return _ENCODER.encode(envelope)


def decode_envelope(body: bytes) -> Envelope:
    """Raises ``msgspec.DecodeError`` (of which ``ValidationError`` is one) for what is no envelope."""
    return _DECODER.decode(body)


def partition_of(key: str, partitions: int) -> int:
    """Returns the partition of a dossier: the one function that every producer and consumer of facts
    shares."""
    if key.startswith(WATCH):
        return int(key[len(WATCH) :]) % partitions
    return zlib.crc32(key.encode()) % partitions


def facts_of(activity: Activity) -> list[Fact]:
    """Returns everything the activity teaches, in no particular order."""
    if activity.credential and is_identity(activity.credential):
        activity = msgspec.structs.replace(activity, credential="", names=())
    evidence, voice = evidence_of(activity), voice_of(activity)
    facts = list(_by(voice, _use(activity, evidence)))
    for own in _own_halves(voice, activity):
        facts.extend(_use(own, evidence))
    return facts + _changes(activity, evidence, voice)


def changes_of(activity: Activity) -> list[Fact]:
    """Returns what a plain activity teaches beside its being a use."""
    voice = voice_of(activity)
    return _changes(activity, evidence_of(activity, voice), voice)


def _changes(activity: Activity, evidence: Evidence, voice: str) -> list[Fact]:
    facts: list[Fact] = []
    for effect in activity.effects:
        if is_identity(getattr(effect, "credential", "")):
            continue  # An identity is nobody's credential, whatever a record says.
        taught = _TEACH[type(effect)]
        if may_expose(voice, effect):
            facts.extend(taught(activity, evidence, _unowned(voice, effect)))
            continue
        facts.extend(_by(voice, taught(activity, evidence, effect)))
        for half in _own_halves(voice, effect):
            facts.extend(_by(voice, taught(activity, evidence, half)))
    if wrote(activity) and changes(activity):
        facts.extend(_by(voice, _handled(activity, evidence)))
    return facts


def _unowned(voice: str, effect: Any) -> Any:
    """A report of a credential without whose it is, where that is not for its reporter to say."""
    if effect.credential and not speaks_for(voice, effect.identity):
        return msgspec.structs.replace(effect, identity="")
    return effect


def is_plain(activity: Activity) -> bool:
    """Says whether a use is of its source's own, as nearly all are."""
    voice, credential = voice_of(activity), activity.credential
    if credential and (is_identity(credential) or not speaks_for(voice, credential)):
        return False
    return speaks_for(voice, activity.identity)


def _by(voice: str, facts: Iterable[Fact]) -> Iterator[Fact]:
    """The facts as they count: those that are not this voice's own to tell, kept apart as hearsay."""
    for key, fact in facts:
        own = speaks_for(voice, key) and all(speaks_for(voice, named) for named in _named(fact))
        yield key, fact if own else Dossier(heard={voice: fact})


def _named(fact: Dossier) -> Iterator[str]:
    yield from fact.credentials
    yield from fact.addresses
    yield from fact.called


def _own_halves(voice: str, record: Any) -> Iterator[Any]:
    """Of a use or a change that names an identity and a credential, of which one alone is the voice's own:
    what it says of that one."""
    identity, credential = getattr(record, "identity", ""), getattr(record, "credential", "")
    if not identity or not credential:
        return
    owns_identity, owns_credential = speaks_for(voice, identity), speaks_for(voice, credential)
    if owns_credential and not owns_identity and not isinstance(record, Known):
        yield msgspec.structs.replace(record, identity="")
    elif owns_identity and not owns_credential and isinstance(record, Activity):
        yield msgspec.structs.replace(record, credential="", names=())


def wrote(activity: Activity) -> bool:
    """Says whether it wrote to identities."""
    return activity.action == "identity_write" and activity.outcome == "succeeded"


def way_of(operation: str, place: str) -> str:
    """Returns an operation and where it came from, as ``Credential.did`` has it."""
    return f"{operation}\t{network_of(place)}"


def changes(activity: Activity) -> bool:
    """Says whether it changes something: by its effects, or as one that only takes away."""
    return bool(activity.effects) or (wrote(activity) and only_removes(activity.source, activity.operation))


MADE = "+"
"""Before the key of what a credential made, among what it did."""

REMOVALS = (Ended, Withdrawn)
NEUTRAL = (Aliased, Known)
"""Effects that take away, and those that change nothing."""


def undone_key(evidence: Evidence) -> str:
    """Returns the key of a write that only took something away; such keys sort by time."""
    return f"{evidence.time:020d} {evidence.origin} {evidence.uid}"


def _handled(activity: Activity, evidence: Evidence) -> Iterator[Fact]:
    """What a write to identities made, and what it only took away."""
    made = [key for effect in activity.effects if (key := _made_by(effect))]
    changing = [effect for effect in activity.effects if not isinstance(effect, NEUTRAL)]
    removed = [_removed_by(effect) for effect in changing if isinstance(effect, REMOVALS)]
    did = {f"{MADE}{key}": activity.time for key in made}
    only = bool(removed) and len(removed) == len(changing)
    only = only or (not (changing or made) and only_removes(activity.source, activity.operation))
    undid = {undone_key(evidence): "\n".join(sorted(set(removed)))} if only else {}
    if did or undid:
        known = Credential(did=did, undid=undid)
        home = activity.identity or activity.credential
        if home:
            yield home, Dossier(credentials={activity.credential: known})


def _made_by(effect: Effect) -> str:
    if isinstance(effect, Issued):
        return effect.credential
    if isinstance(effect, Granted):
        return effect.grant
    return effect.identity if isinstance(effect, Restored) and effect.kind == "remade" else ""


def _removed_by(effect: Effect) -> str:
    if isinstance(effect, Withdrawn):
        return effect.grant
    return (effect.credential or effect.identity or effect.group) if isinstance(effect, Ended) else ""


GRAVE = frozenset({"identity_write", "secret_read"})
"""Actions that a stranger with somebody's credential is after."""

DAY = micros(timedelta(days=1))

STAY_CLIENT_MAX = 80
"""Letters of a client that are kept with a place."""


def stay_key(source: str, place: str) -> str:
    """Returns the key under which a place stands among those of a credential. An address of the sixth version
    stands for its /64: hosts change the rest of it daily (RFC 8981)."""
    return f"{source}\t{standing(place)}"


@remembered(65_536)
def standing(place: str) -> str:
    """Returns the text under which a place stands."""
    if ":" not in place or VIA in place:
        return place
    try:
        return str(ipaddress.ip_network((place, 64), strict=False))
    except ValueError:
        return place


def bare(evidence: Evidence) -> Evidence:
    """Returns the evidence without what is said by where it stands."""
    return Evidence(
        evidence.time,
        evidence.uid,
        evidence.origin,
        operation=evidence.operation,
        client=evidence.client[:STAY_CLIENT_MAX],
        arrived=evidence.arrived,
        processed=evidence.processed,
        asn=evidence.asn,
    )


def stay_of(evidence: Evidence, action: str, service: str) -> Stay:
    """Returns what one use says of its place."""
    seen = bare(evidence)
    services = (service,) if service else ()
    return Stay(seen, seen, (seen.time // DAY,), services, {action: seen} if action in GRAVE else {})


def at_a_place(outcome: str, action: str, place: str) -> str:
    """Returns the part of a credential that a use from this place belongs to (``stays``, ``knocks``); ""
    where its place says nothing of who holds the credential."""
    if not place or action in ELSEWHERE:
        return ""
    return "stays" if outcome in AUTHENTICATED else "knocks" if outcome == "unauthenticated" else ""


ELSEWHERE = frozenset({"service", "link"})
"""Actions of others than the holder."""


def evidence_of(activity: Activity, voice: str = "") -> Evidence:
    """Returns the activity as a verdict quotes it. ``voice``: who says it, where that is known already."""
    return Evidence(
        activity.time,
        activity.uid,
        voice or voice_of(activity),
        activity.identity,
        activity.credential,
        activity.operation,
        activity.place,
        activity.client,
        activity.arrived,
        activity.processed,
        (),
        activity.asked or ("" if activity.credential else activity.incarnation),
        activity.asn,
    )


AUTHENTICATED = frozenset({"succeeded", "failed", "forbidden"})


def _use(activity: Activity, evidence: Evidence) -> Iterator[Fact]:
    """The use itself, in the identity's dossier, and in the credential's the address of that identity."""
    if activity.outcome == "unknown" or not (activity.identity or activity.credential):
        return
    key = f"{activity.outcome}:{activity.action}" if activity.action else activity.outcome
    held = activity.outcome in AUTHENTICATED and activity.action not in ELSEWHERE
    where = at_a_place(activity.outcome, activity.action, activity.place) if activity.credential else ""
    stays: dict[str, Stay] = {}
    if where:
        stay = stay_of(evidence, activity.action, activity.service)
        stays = {stay_key(activity.source, activity.place): stay}
    credential = Credential(
        names=activity.names,
        known=evidence if activity.credential else None,
        uses={key: Sightings((evidence,))},
        places=(network_of(activity.place),) if held and activity.place else (),
        clients=(activity.client,) if held and activity.client else (),
        incarnation=activity.incarnation if activity.credential else "",
        machine=machine_of(activity.identity, activity.actor_name) if activity.credential else "",
        did={way_of(activity.operation, activity.place): activity.time} if wrote(activity) else {},
        stays=stays if where == "stays" else {},
        knocks=stays if where == "knocks" else {},
    )
    secrets = dict.fromkeys(secrets_named(activity), activity.time)
    yield (
        activity.identity or activity.credential,
        Dossier(credentials={activity.credential: credential}, secrets=secrets),
    )
    if called := called_of(activity.identity or activity.credential, activity.actor_name, activity.time):
        yield activity.identity or activity.credential, Dossier(called=called)
    yield from _addresses(activity.credential, activity.names, activity.identity, activity.time)
    if activity.allowed_by and activity.identity:
        yield from granted_uses(activity.identity, activity.allowed_by, key, Sightings((evidence,)))


NAME_MAX = 100
"""Letters of a name that are kept: a title shows fewer."""


def called_of(key: str, name: str, time: int) -> dict[str, Called]:
    """Returns what a log calls an identity at this time (µs), where that says more than the key does."""
    if not name or not is_opaque(key) or name == sort_of(key) or key.endswith(f"/{name}"):
        return {}
    return {key: Called(not is_chosen(key, name), time // DAY, name[:NAME_MAX])}


def granted_uses(identity: str, grant: str, key: str, sightings: Sightings) -> Iterator[Fact]:
    """Yields the uses that a grant allowed: in the identity's dossier, and to the grant that this identity
    holds it."""
    yield identity, Dossier(grants={grant: Grant(uses={key: sightings})})
    yield grant_key(grant, identity), Dossier(members={identity: Member(identity)})


def _addresses(credential: str, names: tuple[str, ...], identity: str, since: int) -> Iterator[Fact]:
    """Where facts about a credential that name no identity are to go; without an identity, names go to the
    credential.
    """
    home = identity or credential
    for key in (credential, *names):
        if key and key != home and not is_identity(key):
            yield key, Dossier(addresses={home: Address(since=since)})


def _issued(activity: Activity, evidence: Evidence, effect: Issued) -> Iterator[Fact]:
    home = effect.identity or effect.credential
    known = Credential(
        kind=effect.kind,
        names=effect.names,
        issued=evidence,
        known=evidence,
        expiry=(activity.time, effect.expires) if effect.expires else (0, 0),
        max_uses=effect.max_uses,
        parents=effect.parents,
        incarnation=effect.incarnation,
        seen_as=effect.seen_as,
        seen_until=effect.seen_until,
        session=effect.session,
        called=called_of(effect.credential, effect.called, activity.time).get(effect.credential),
    )
    yield home, Dossier(credentials={effect.credential: known})
    yield from _addresses(effect.credential, effect.names, effect.identity, activity.time)
    for parent, link in effect.parents.items():
        child = Child(link.edge, home, activity.time)
        yield (
            link.identity or parent,
            Dossier(credentials={parent: Credential(children={effect.credential: child})}),
        )
        yield from _addresses(parent, (), link.identity, activity.time)
    for group, path in effect.groups.items():
        member = Member(home, path, activity.time)
        yield group_key(group, effect.credential), Dossier(members={effect.credential: member})


def _ended(activity: Activity, evidence: Evidence, effect: Ended) -> Iterator[Fact]:
    about = effect.credential or effect.identity or effect.group
    turn = Turn(
        effect.at or activity.time,
        False,
        effect.how,
        evidence,
        effect.kind,
        effect.claims_cut,
        effect.carries,
        effect.scope,
        about,
    )
    yield from _turned(activity, effect.credential, effect.identity, effect.group, turn)


def _restored(activity: Activity, evidence: Evidence, effect: Restored) -> Iterator[Fact]:
    about = effect.credential or effect.identity or effect.group
    time = effect.at or activity.time
    if effect.kind == "remade" and effect.identity and not effect.credential and activity.identity:
        yield activity.identity, Dossier(made={effect.identity: time})
    turn = Turn(time, True, effect.how, evidence, effect.kind, scope=effect.scope, about=about)
    yield from _turned(activity, effect.credential, effect.identity, effect.group, turn)


def _turned(activity: Activity, credential: str, identity: str, group: str, turn: Turn) -> Iterator[Fact]:
    if credential:
        known = Credential(known=turn.evidence, turns=(turn,))
        yield identity or credential, Dossier(credentials={credential: known})
        yield from _addresses(credential, (), identity, activity.time)
    elif identity:
        yield identity, Dossier(turns={identity: (turn,)})
    elif group:
        for shard in group_keys(group):
            yield shard, Dossier(turns={group: (turn,)})


def _end_failed(activity: Activity, evidence: Evidence, effect: EndFailed) -> Iterator[Fact]:
    about = effect.credential or effect.identity
    turn = Turn(activity.time, False, effect.how, evidence, about=about)
    if effect.credential:
        known = Credential(known=evidence, failed_ends=(turn,))
        yield effect.identity or effect.credential, Dossier(credentials={effect.credential: known})
        yield from _addresses(effect.credential, (), effect.identity, activity.time)


def _renewed(activity: Activity, evidence: Evidence, effect: Renewed) -> Iterator[Fact]:
    known = Credential(known=evidence, expiry=(activity.time, effect.expires))
    yield effect.identity or effect.credential, Dossier(credentials={effect.credential: known})
    yield from _addresses(effect.credential, (), effect.identity, activity.time)


def _known(activity: Activity, evidence: Evidence, effect: Known) -> Iterator[Fact]:
    known = Credential(
        kind=effect.kind,
        names=effect.names,
        known=evidence,
        issued=msgspec.structs.replace(evidence, time=effect.issued) if effect.issued else None,
        expiry=(effect.as_of or activity.time, effect.expires) if effect.expires else (0, 0),
        person=effect.person,
        theirs=effect.theirs,
        session=effect.session,
        opened=effect.opened,
        called=called_of(effect.credential, effect.called, activity.time).get(effect.credential),
    )
    yield effect.identity, Dossier(credentials={effect.credential: known})
    yield from _addresses(effect.credential, effect.names, effect.identity, activity.time)
    for group, path in effect.groups.items():
        member = Member(effect.identity, path, effect.issued)
        yield group_key(group, effect.credential), Dossier(members={effect.credential: member})


def _aliased(activity: Activity, evidence: Evidence, effect: Aliased) -> Iterator[Fact]:
    """One that holds as a matter of fact is stated by every record of a busy identity: no switch, so nothing
    new to learn.
    """
    turns: tuple[Turn, ...] = ()
    if effect.at or not effect.alive:
        turns = (Turn(effect.at, effect.alive, "declared alias", evidence, "declared", about=effect.alias),)
    yield effect.alias, Dossier(addresses={effect.identity: Address(since=activity.time, turns=turns)})
    if activity.source == INVENTORY:
        yield from claim_facts.named(effect.alias)


def _exposed(activity: Activity, evidence: Evidence, effect: Exposed) -> Iterator[Fact]:
    about = effect.report or effect.credential or effect.identity
    turn = Turn(effect.at or activity.time, effect.withdrawn, effect.how, evidence, about=about)
    known = Credential(known=evidence if effect.credential else None, exposures=(turn,))
    yield effect.identity or effect.credential, Dossier(credentials={effect.credential: known})
    yield from _addresses(effect.credential, (), effect.identity, activity.time)


def _stated(activity: Activity, evidence: Evidence, effect: Stated) -> Iterator[Fact]:
    yield effect.identity, Dossier(stated={effect.identity: (effect.declaration,)})
    yield from claim_facts.catalogued(effect.identity, effect.declaration)
    if effect.declaration.source == INVENTORY:
        yield from claim_facts.covered(effect.identity, evidence)
        for key in (effect.identity, *effect.declaration.aliases):
            yield from claim_facts.named(key)


def _spanned(activity: Activity, evidence: Evidence, effect: Spanned) -> Iterator[Fact]:
    addresses: dict[str, Address] = {}
    if effect.within:
        addresses = {f"{TRACE_PREFIX}{effect.within}": Address(since=activity.time)}
    yield f"{TRACE_PREFIX}{effect.trace}", Dossier(spans={effect.span_id: effect.span}, addresses=addresses)


def _granted(activity: Activity, evidence: Evidence, effect: Granted) -> Iterator[Fact]:
    turn = Turn(activity.time, True, effect.how, evidence, "removed", about=effect.grant)
    grant = Grant(effect.role, (turn,))
    for identity in effect.identities:
        yield identity, Dossier(grants={effect.grant: grant})
        yield grant_key(effect.grant, identity), Dossier(members={identity: Member(identity)})


def _withdrawn(activity: Activity, evidence: Evidence, effect: Withdrawn) -> Iterator[Fact]:
    kept = "\n".join(effect.kept)
    turn = Turn(activity.time, False, effect.how, evidence, "removed", True, scope=kept, about=effect.grant)
    for identity in effect.identities:
        yield identity, Dossier(grants={effect.grant: Grant(turns=(turn,))})
    if effect.identities:
        return
    for shard in grant_keys(effect.grant):
        yield shard, Dossier(grants={effect.grant: Grant(turns=(turn,))})


def _session(activity: Activity, evidence: Evidence, effect: Session) -> Iterator[Fact]:
    secret = activity.action == "secret_read"
    opened = Opened(evidence, effect.ended, activity.allowed_by, effect.passive, secret)
    name = effect.name or event_key(*evidence.event)
    yield effect.identity or name, Dossier(sessions={name: opened})
    if effect.identity and effect.name:
        yield name, Dossier(addresses={effect.identity: Address(since=activity.time)})


def _begun(activity: Activity, evidence: Evidence, effect: Begun) -> Iterator[Fact]:
    yield effect.identity, Dossier(begun={effect.operation: activity.time})


LENT_PLACE = "@"
"""Before a place, among to whom an address is given."""


def given_key(machine: str, at: str) -> str:
    """Returns the key under which an identity knows that a machine was given a place."""
    return f"{machine}\t{at.removeprefix(LENT_PLACE)}"


def _lent(activity: Activity, evidence: Evidence, effect: Lent) -> Iterator[Fact]:
    turn = Turn(activity.time, True, activity.operation, evidence, about=effect.thing)
    if effect.anew:
        yield effect.thing, Dossier(lent={LENT_PLACE: (turn,)})
        return
    known: dict[str, tuple[Turn, ...]] = {f"{LENT_PLACE}{effect.place}": (turn,)} if effect.place else {}
    if effect.holder or not effect.place:
        known[effect.holder] = (turn,)
    yield effect.thing, Dossier(lent=known)
    if effect.named:
        yield effect.named, Dossier(addresses={effect.thing: Address(since=activity.time)})


def _glimpse(activity: Activity, evidence: Evidence, effect: Glimpse) -> Iterator[Fact]:
    glimpsed = Glimpsed(effect.until, effect.about, evidence)
    for key in glimpse_keys(effect.room, activity.time):
        yield key, Dossier(glimpses={event_key(*evidence.event): glimpsed})


SET, RAN = "set", "ran"
"""What a workload was told to run, and what it was seen running, among its images."""

IMAGES_JOINED = " "
"""Between the images of one part: no name of an image has a space in it."""


def _imaged(activity: Activity, evidence: Evidence, effect: Imaged) -> Iterator[Fact]:
    seen = frozen.changed(evidence, operation=IMAGES_JOINED.join(effect.images), asked=effect.part)
    how = RAN if effect.running else SET
    yield effect.workload, Dossier(images={how: Sightings((seen,))})


SECRET_NAME_MAX = 200
"""Letters of a secret's name that are kept: names of providers are shorter."""


def secrets_named(activity: Activity) -> tuple[str, ...]:
    """Returns what secrets that were read are remembered under; none where none was, or none is named."""
    if activity.action != "secret_read" or activity.outcome != "succeeded" or not activity.resource:
        return ()
    if activity.operation in READS_MANY:
        return tuple(name[:SECRET_NAME_MAX] for name in activity.resource.split(BESIDE) if name)
    return (activity.resource[:SECRET_NAME_MAX],)


BESIDE = ", "
"""Between the names of several resources of one call."""


_TEACH: dict[type, Callable[[Activity, Evidence, Any], Iterator[Fact]]] = {
    Issued: _issued,
    Ended: _ended,
    Restored: _restored,
    EndFailed: _end_failed,
    Renewed: _renewed,
    Known: _known,
    Aliased: _aliased,
    Exposed: _exposed,
    Stated: _stated,
    Spanned: _spanned,
    Granted: _granted,
    Withdrawn: _withdrawn,
    Session: _session,
    Begun: _begun,
    Lent: _lent,
    Glimpse: _glimpse,
    Imaged: _imaged,
    Rotated: claim_facts.rotated,
    Rotates: claim_facts.rotates,
    Fetched: claim_facts.fetched,
    Approved: claim_facts.approved,
    Released: claim_facts.released,
    Excepted: claim_facts.excepted,
}
