"""What records of rotations, approvals, releases and exceptions teach, and for whom a declared identity shows
that an inventory speaks."""

from __future__ import annotations

from collections.abc import Iterator

from schemas import frozen
from schemas.activity import Activity, Approved, Excepted, Fetched, Released, Rotated, Rotates
from schemas.claims import Approval, PolicyException, Release, Rotation, RotationPolicy
from schemas.declaration import Declaration
from schemas.dossier import Dossier, Sightings
from schemas.evidence import Evidence
from schemas.providers import installation_of, is_own
from schemas.rosters import EVERYWHERE, digest, roster_key, roster_keys
from schemas.span import unnamed_of

ROOT = "root"
"""Last part of the key under which approvals of an installation's root stand: its root credentials have keys
of their own, which nobody knows before they are made."""


def rotated(activity: Activity, evidence: Evidence, effect: Rotated) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that a thing was rotated, for the dossier of its identity."""
    rotation = Rotation(
        effect.at or activity.time,
        _of(evidence, effect.which),
        effect.successor,
        effect.overlap,
        effect.how or activity.operation,
    )
    yield effect.identity or effect.subject, Dossier(rotations={effect.subject: (rotation,)})


def rotates(activity: Activity, evidence: Evidence, effect: Rotates) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that a secret has a policy of rotation, for the dossier of the secret."""
    policy = RotationPolicy(evidence, effect.every, effect.overlap, effect.owner)
    yield effect.subject, Dossier(policies={effect.subject: (policy,)})


def fetched(activity: Activity, evidence: Evidence, effect: Fetched) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that a version of a secret was read, for the dossier of the secret."""
    read = _of(evidence, effect.which)
    yield effect.secret, Dossier(versions={effect.version: Sightings((read,))})


def _of(evidence: Evidence, which: str) -> Evidence:
    """The event as one about this one of several of a name."""
    return frozen.changed(evidence, asked=which) if which else evidence


def approved(activity: Activity, evidence: Evidence, effect: Approved) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that something was approved for an identity; for a root, also for the rosters of its
    installation."""
    approval = Approval(effect.grant, evidence, effect.start, effect.end, effect.approver, effect.ticket)
    approval_fact = Dossier(approvals={effect.identity: (approval,)})
    yield effect.identity, approval_fact
    installation, _, name = effect.identity.rpartition(":")
    if name == ROOT:
        yield from ((key, approval_fact) for key in roster_keys(installation))


def released(activity: Activity, evidence: Evidence, effect: Released) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that an image was released, for the dossier of the workload that is to run it."""
    release = Release(effect.at, evidence, effect.id, effect.image, effect.window, effect.by, effect.digests)
    yield effect.workload, Dossier(releases={effect.workload: (release,)})


def excepted(activity: Activity, evidence: Evidence, effect: Excepted) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that a policy exception was declared, for whom it names: an identity, or a whole
    installation."""
    exception = PolicyException(
        effect.control,
        effect.until,
        evidence,
        effect.identity,
        effect.place,
        effect.action,
        effect.owner,
        effect.reason,
        effect.withdrawn,
    )
    taught = Dossier(exceptions=(exception,))
    if effect.identity and not effect.identity.endswith("*"):
        yield effect.identity, taught
        return
    installation = installation_of(effect.identity)
    for key in roster_keys(EVERYWHERE if not installation or "*" in installation else installation):
        yield key, taught


def named(key: str) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that a record names this identity: it counts among the known ones of its
    installation."""
    installation = installation_of(key)
    if installation and is_own(key):
        yield roster_key(installation, key), Dossier(sampled={digest(key): True})


def catalogued(identity: str, declaration: Declaration) -> Iterator[tuple[str, Dossier]]:
    """Yields what the declared agents of a service may call, where calls are judged that name none of
    them."""
    d = declaration
    if not (d.says("tools") or d.says("delegates")):
        return
    catalogue = Declaration(
        d.recorded,
        d.uid,
        d.owner,
        tools=d.tools,
        delegates=d.delegates,
        source=d.source,
        arrived=d.arrived,
        processed=d.processed,
        cleared=tuple(name for name in d.cleared if name in ("tools", "delegates")),
    )
    for key in sorted({unnamed_of(key) for key in (identity, *d.aliases)} - {""}):
        yield key, Dossier(stated={identity: (catalogue,)})


def covered(identity: str, evidence: Evidence) -> Iterator[tuple[str, Dossier]]:
    """Yields the fact that an inventory speaks for an installation: it declares an identity of the
    installation by its own key."""
    installation = installation_of(identity)
    if installation:
        for key in roster_keys(installation):
            yield key, Dossier(covers={installation: evidence})
