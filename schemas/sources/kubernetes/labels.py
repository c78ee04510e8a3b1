"""What a label or annotation on a service account declares about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from schemas.activity import Effect, Ended, Restored, Rotated
from schemas.sources.kubernetes.call import Call
from schemas.sources.kubernetes.who import account_key, short
from schemas.sources.kubernetes.wire import Meta
from schemas.times import micros_of

WORDS = r"(?:state|status|phase|stage)"
STATUS_LABELS = re.compile(
    rf"lifecycle\.[^/]+/{WORDS}"
    rf"|(?:[^/]*[.-])?(?:nhi|identity)[.-][^/]*/{WORDS}"
    rf"|(?:[^/]+/)?(?:lifecycle|(?:lifecycle|nhi|identity)[-_.]{WORDS})"
)
"""Names of labels and annotations that say whether an identity is meant to be in use:

| name | read |
|---|---|
| ``lifecycle.<any domain>/state``, the same of a domain with the word ``nhi`` or ``identity`` | yes |
| ``lifecycle``, ``lifecycle-state``, ``nhi-state``, ``identity-state``, with any prefix | yes |
| ``decommissioned``, ``retired``, with any prefix | set to true |
| ``state`` alone, or of any other domain | decommissioned, retired: no other thing is |

For ``state`` also ``status``, ``phase``, ``stage``.
"""

FLAGS = re.compile(r"(?:[^/]+/)?(?:decommissioned|retired)")
PLAIN_LABELS = re.compile(rf"(?:[^/]+/)?{WORDS}")

INACTIVE = frozenset({"decommissioned", "inactive", "disabled", "retired"})
OVER = frozenset({"decommissioned", "retired"})
ACTIVE = frozenset({"active", "enabled", "in-use", "production"})
"""Values of those, in any case; any other value (``deprecated``, ``planned``) says nothing about whether it
may be used."""

SET, UNSET = frozenset({"true", "yes"}), frozenset({"false", "no"})


def states_of(call: Call) -> Iterator[Effect]:
    """Yields a status that this write declares, or takes back. Nothing in the cluster enforces it, so no time
    is granted for it to take effect, and no credential ends by it."""
    labels = dict(_changed_labels(call))
    identity = account_key(call.namespace, call.name, call.prefix) if call.name else ""
    if not identity:
        return
    if not labels:
        if _whole(call):
            # Whatever was claimed of it, or of one of its name, is not now.
            yield Restored("no status label", "disabled", identity=identity, at=call.done)
        return
    name, value = min(labels.items())
    how = f"label {short(name)}={short(value or '')}" if value is not None else f"label {short(name)} removed"
    if _says(name, value) == "inactive":
        yield Ended(how, "disabled", identity=identity, claims_cut=False, carries=False, at=call.done)
    else:
        yield Restored(how, "disabled", identity=identity, at=call.done)


def _whole(call: Call) -> bool:
    """Whether the answer, which has the whole object, shows what this write left of the labels. What a merge
    patch does not name it leaves as it was (RFC 7396); a JSON patch is not read, only its answer."""
    if not (call.answered.metadata and call.answered.metadata.uid):
        return False
    if call.verb != "patch" or call.event.request_object is None:
        return True
    meta = call.asked.metadata
    return meta is not None and any(
        name in meta.model_fields_set and (value is None or "$patch" in value)
        for name, value in (("labels", meta.labels), ("annotations", meta.annotations))
    )


def _changed_labels(call: Call) -> Iterator[tuple[str, str | None]]:
    """Of the answer, which has the whole object, and of the request, which alone tells of a removal
    (null)."""
    for meta in (call.asked.metadata, call.answered.metadata):
        for name, value in _pairs(meta):
            if _says(name, value):
                yield name, value


def _says(name: str, value: str | None) -> Literal["", "active", "inactive"]:
    """What one label claims; one that was removed claims nothing more."""
    text = value.lower() if value is not None else None
    if STATUS_LABELS.fullmatch(name):
        return "inactive" if text in INACTIVE else "active" if text is None or text in ACTIVE else ""
    if FLAGS.fullmatch(name):
        return "inactive" if text in SET else "active" if text is None or text in UNSET else ""
    if PLAIN_LABELS.fullmatch(name):
        return "inactive" if text in OVER else "active" if text is None or text in ACTIVE else ""
    return ""


def _pairs(meta: Meta | None) -> Iterator[tuple[str, str | None]]:
    if meta:
        yield from (meta.labels or {}).items()
        yield from (meta.annotations or {}).items()


CUTOVER = re.compile(r"(?:[^/]+/)?(?:[a-z]+[-_.]){0,3}cut-?over(?:[-_.](?:at|time))?")
"""Names of annotations on a service account by which its credentials made before are not to be used any more;
the value is the time of the cut-over (RFC 3339)."""


def cutovers_of(call: Call) -> Iterator[Effect]:
    """Yields the rotation that this write declares. Read off the request: every later answer repeats it."""
    identity = account_key(call.namespace, call.name, call.prefix) if call.name else ""
    annotations = (call.asked.metadata.annotations if call.asked.metadata else None) or {}
    for name, value in sorted(annotations.items()):
        at = micros_of(value) if value and CUTOVER.fullmatch(name) else 0
        if at and identity:
            yield Rotated(identity, at=at, overlap=0, how=f"annotation {short(name)}")
