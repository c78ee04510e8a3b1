"""What a label or annotation on a service account declares about it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.activity import Effect, Ended, Restored, Rotated
from schemas.sources.kubernetes.call import Call
from schemas.sources.kubernetes.who import account_key, short
from schemas.sources.kubernetes.wire import Meta, micros_of

STATUS_LABELS = re.compile(
    r"lifecycle\.[^/]+/(?:state|status)|(?:[^/]+/)?(?:lifecycle|(?:lifecycle|nhi|identity)[-_.](?:state|status))"
)
"""Names of labels and annotations that say whether an identity is meant to be in use:

| name | read |
|---|---|
| ``lifecycle.<any domain>/state``, ``…/status`` | yes |
| ``lifecycle``, ``lifecycle-state``, ``lifecycle-status``, with any prefix | yes |
| ``nhi-state``, ``nhi-status``, ``identity-state``, ``identity-status``, with any prefix | yes |
"""

INACTIVE = frozenset({"decommissioned", "inactive", "disabled", "retired"})
ACTIVE = frozenset({"active", "enabled", "in-use", "production"})
"""Values of those; any other value (``deprecated``, ``planned``) says nothing about whether it may be
used."""


def states_of(call: Call) -> Iterator[Effect]:
    """A status that this write declares, or takes back. Nothing in the cluster enforces it, so no time is
    granted for it to take effect, and no credential ends by it."""
    told = dict(_told(call))
    identity = account_key(call.namespace, call.name, call.prefix) if call.name else ""
    if not told or not identity:
        return
    name, value = min(told.items())
    how = f"label {short(name)}={short(value or '')}" if value is not None else f"label {short(name)} removed"
    if value in INACTIVE:
        yield Ended(how, "disabled", identity=identity, claims_cut=False, carries=False, at=call.done)
    elif value is None or value in ACTIVE:
        yield Restored(how, "disabled", identity=identity, at=call.done)


def _told(call: Call) -> Iterator[tuple[str, str | None]]:
    """Of the answer, which has the whole object, and of the request, which alone tells of a removal
    (null)."""
    for meta in (call.asked.metadata, call.answered.metadata):
        for name, value in _pairs(meta):
            if STATUS_LABELS.fullmatch(name):
                yield name, value


def _pairs(meta: Meta | None) -> Iterator[tuple[str, str | None]]:
    if meta:
        yield from (meta.labels or {}).items()
        yield from (meta.annotations or {}).items()


CUTOVER = re.compile(r"rotation\.[^/]+/cut-?over|(?:[^/]+/)?rotation[-_.]cut-?over")
"""Names of annotations on a service account by which its credentials made before are not to be used any more;
the value is the time of the cut-over (RFC 3339)."""


def cutovers_of(call: Call) -> Iterator[Effect]:
    """The rotation that this write declares. Read off the request: every later answer repeats it."""
    identity = account_key(call.namespace, call.name, call.prefix) if call.name else ""
    annotations = (call.asked.metadata.annotations if call.asked.metadata else None) or {}
    for name, value in sorted(annotations.items()):
        at = micros_of(value) if value and CUTOVER.fullmatch(name) else 0
        if at and identity:
            yield Rotated(identity, at=at, overlap=0, how=f"annotation {short(name)}")
