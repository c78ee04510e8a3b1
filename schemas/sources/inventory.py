"""The inventory as a source: one record is one file (YAML or JSON), each entry in it an activity.

Identities take effect here (status, tools, aliases …, and the ends of their credentials), as do declared
credentials, rotations, approvals, releases and exceptions. Networks take effect where an identity of the same
file names them. Entries without a fault count, those with one are rejects with their place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

import orjson

from schemas.activity import (
    Activity,
    Approved,
    Effect,
    Ended,
    Excepted,
    Exposed,
    Known,
    Released,
    Rotated,
    Rotates,
    Stated,
)
from schemas.claims import UNSAID
from schemas.declaration import ApprovedTool, Declaration, Period
from schemas.evidence import micros
from schemas.inventory import (
    NAME,
    NETWORK,
    Approval,
    Entry,
    Identity,
    Network,
    PolicyException,
    Release,
    Rotation,
    read_inventory,
)
from schemas.sources import Context, Reading
from schemas.summary import Summary

__all__ = ["NAME", "read", "recognises"]

SIGNS = frozenset({"gapwatch"})

_HEAD = re.compile(rb"""^(?:\xef\xbb\xbf)?[\s{]*["']?gapwatch["']?\s*:\s*["']?inventory/""", re.MULTILINE)
_HEAD_BYTES = 65_536
"""How far into a file its first line may stand: after comments."""


SUMMARY = Summary(
    gives=(
        "Declared state: identities with aliases, owner, status, windows, tools, scopes, "
        "places, credentials; networks, approvals, rotations, releases, exceptions"
    ),
    cannot_show=("Only what people and systems of record say: it is what the evidence is held against"),
    ship=("`gapwatch declare FILE`, or into `raw.inventory`"),
)
"""Its row in docs/sources.md."""


def recognises(document: object) -> bool:
    """Says whether a decoded record (bytes: one that is no JSON) is an inventory, of whatever version."""
    if isinstance(document, dict):
        return str(document.get("gapwatch", "")).startswith("inventory/")
    return isinstance(document, bytes) and bool(_HEAD.search(document[:_HEAD_BYTES]))


def read(record: bytes, context: Context) -> Reading:
    """Returns the entries of one inventory. Recorded when the file says so, else when it came (0 in a replay:
    always)."""
    recorded, entries, faults = read_inventory(record)
    recorded = recorded or context.arrived
    networks = {e.record.name: e.record.places for e in entries if isinstance(e.record, Network)}
    return Reading([_activity(entry, recorded, context, networks) for entry in entries], faults, 0)


Networks = Mapping[str, list[str]]
"""The places of each network, by its name."""


def _activity(entry: Entry, recorded: int, context: Context, networks: Networks) -> Activity:
    uid = _uid(entry, recorded)
    record = entry.record
    identity, resource = "", ""
    effects: tuple[Effect, ...] = ()
    if isinstance(record, Identity):
        identity, effects = record.id, tuple(_effects(record, recorded, uid, context, networks))
    elif isinstance(record, Approval):
        identity, resource, effects = record.identity, record.grant, (_approved(record),)
    elif isinstance(record, Rotation):
        identity, resource, effects = record.subject, record.successor or "", (_rotated(record),)
    elif isinstance(record, Release):
        identity, resource, effects = record.workload, record.id, (_released(record),)
    elif isinstance(record, PolicyException):
        identity, resource, effects = record.identity or "", record.control, (_excepted(record),)
    elif isinstance(record, Network):
        resource = record.name
    return Activity(
        uid=uid,
        time=recorded,
        source=NAME,
        instance=context.instance,
        identity=identity,
        operation=f"declare {entry.section}",
        target=identity,
        resource=resource,
        effects=effects,
        arrived=context.arrived,
        processed=context.processed,
    )


LATER = frozenset({"secrets"})


def _uid(entry: Entry, recorded: int) -> str:
    """The same record, recorded at the same time, is the same wherever it stands and however it is
    spelled."""
    said = entry.record.model_dump(mode="json", by_alias=True)
    # What came to the format later, and a record does not use, leaves its id as it was.
    said = {name: value for name, value in said.items() if name not in LATER or value is not None}
    content = orjson.dumps([entry.section, recorded, said])
    return f"inventory:{hashlib.sha256(content).hexdigest()[:32]}"


def _effects(
    record: Identity, recorded: int, uid: str, context: Context, networks: Networks
) -> Iterator[Effect]:
    yield Stated(record.id, _declaration(record, recorded, uid, context, networks))
    for credential in record.credentials:
        yield Known(credential.id, record.id, issued=credential.issued or 0, expires=credential.expires or 0)
        if credential.exposed:
            yield Exposed("declared exposed", credential.id, record.id, at=credential.exposed)
        if credential.revoked:
            yield Ended(
                "declared revoked",
                "declared",
                credential=credential.id,
                identity=record.id,
                claims_cut=False,
                at=credential.revoked,
            )

    for policy in record.rotation:
        overlap = UNSAID if policy.overlap is None else micros(policy.overlap)
        yield Rotates(policy.secret, micros(policy.every), overlap, record.owner or "")
    for image in record.images:
        yield Released(record.id, image=f"{image.image}:{image.released}", at=image.start)


def _approved(record: Approval) -> Approved:
    approver, ticket = record.approver or "", record.ticket or ""
    return Approved(record.identity, record.grant, record.start, record.end, approver, ticket)


def _rotated(record: Rotation) -> Rotated:
    """A declared cut-over: the old one is not to be used from then on, whatever a policy grants."""
    return Rotated(record.subject, "", record.successor or "", record.at, 0, "declared cut-over")


def _released(record: Release) -> Released:
    window = UNSAID if record.window is None else micros(record.window)
    return Released(
        record.workload,
        record.id,
        record.image or "",
        record.at,
        window,
        record.by or "",
        tuple(sorted(set(record.digests))),
    )


def _excepted(record: PolicyException) -> Excepted:
    return Excepted(
        record.control,
        record.until or 0,
        record.identity or "",
        record.place or "",
        record.action or "",
        record.owner,
        record.reason,
        record.withdrawn,
    )


def _declaration(
    record: Identity, recorded: int, uid: str, context: Context, networks: Networks
) -> Declaration:
    return Declaration(
        recorded=recorded,
        uid=uid,
        owner=record.owner or "",
        name=record.name or "",
        kind=record.kind or "",
        environment=record.environment or "",
        privilege=record.privilege or "",
        statuses=tuple(Period(s.value, s.start, s.end) for s in record.status or ()),
        windows=None if record.windows is None else tuple(Period("", w.start, w.end) for w in record.windows),
        tools=None
        if record.tools is None
        else tuple(
            ApprovedTool(t.name, t.server or "", tuple(sorted(t.also)), t.digest or "") for t in record.tools
        ),
        delegates=_sorted(record.delegates),
        scopes=_sorted(record.scopes),
        places=_sorted(_places(record.places, networks)),
        secrets=_sorted(record.secrets),
        aliases=_sorted(record.aliases) or (),
        arrived=context.arrived,
        processed=context.processed,
        cleared=tuple(sorted("statuses" if name == "status" else name for name in record.taken_back)),
    )


def _places(places: list[str] | None, networks: Networks) -> list[str] | None:
    """The places, each network as what it stands for."""
    if places is None:
        return None
    return [place for named in places for place in _of_network(named, networks)]


def _of_network(place: str, networks: Networks) -> list[str]:
    return networks[place.removeprefix(NETWORK)] if place.startswith(NETWORK) else [place]


def _sorted(words: list[str] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(sorted(set(words)))
