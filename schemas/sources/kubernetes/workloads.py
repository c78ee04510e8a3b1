"""Which workload an object belongs to: ``k8s:<cluster>:<namespace>/<name>``, as an inventory calls it.

A pod is its replica set's, that its deployment's, a job its cron job's: by the owner that the object names,
and by how the controllers name what they make (a deployment's replica set ends in its pod-template-hash, a
cron job's job in a number). A pod without an owner belongs to what its labels say that it is.
(https://kubernetes.io/docs/concepts/overview/working-with-objects/owners-dependents/,
https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/)
"""

from __future__ import annotations

import re

from schemas.sources.kubernetes.call import Call
from schemas.sources.kubernetes.who import account_key, short
from schemas.sources.kubernetes.wire import Meta, Owner

HASH = "pod-template-hash"
HASHED = re.compile(r"(.+)-[bcdfghjklmnpqrstvwxz2456789]{6,10}")
"""A replica set of a deployment: its hash is written in the letters that Kubernetes calls safe."""

NUMBERED = re.compile(r"(.+)-\d{8,10}")
"""A job of a cron job: the minutes, in older versions the seconds, since 1970."""

NAMING_LABELS = ("app.kubernetes.io/name", "app", "k8s-app")
"""Labels that say of what a pod is a part, the recommended one first."""


def workload_of(call: Call) -> str:
    """Returns the key of the workload that the written object is a part of; its own where it is nobody's."""
    return account_key(call.namespace, _name(call), call.prefix)


def _name(call: Call) -> str:
    metas = [meta for meta in (call.answered.metadata, call.asked.metadata) if meta]
    owner = next((found for meta in metas if (found := _controller(meta))), None)
    name = short(call.name)
    if owner is not None and owner.name:
        hashes = (value for meta in metas if (value := (meta.labels or {}).get(HASH)))
        return short(_above(owner.kind or "", owner.name, next(hashes, "")))
    if call.resource == "pods":
        labels = {k: v for meta in metas for k, v in (meta.labels or {}).items()}
        return next((short(value) for label in NAMING_LABELS if (value := labels.get(label))), name)
    return name


def _controller(meta: Meta) -> Owner | None:
    return next((owner for owner in meta.owners or () if owner.controller), None)


def _above(kind: str, name: str, hashed: str) -> str:
    """What made the owner, where its name tells."""
    if kind == "ReplicaSet":
        if hashed and name.endswith(f"-{hashed}"):
            return name.removesuffix(f"-{hashed}")
        found = HASHED.fullmatch(name)
        return found[1] if found else name
    if kind == "Job":
        found = NUMBERED.fullmatch(name)
        return found[1] if found else name
    return name
