"""Rotations: what is old since when, what took its place, and when the old one should no longer be used.

Only what a record calls a rotation is one: two tokens of one account, or a second key, are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from correlators.kernel.knowledge.inferred import INFERRED
from correlators.kernel.knowledge.join import earliest
from correlators.kernel.views.view import View
from schemas.activity import EXTENDED
from schemas.claims import UNSAID, Rotation, RotationPolicy
from schemas.dossier import Credential
from schemas.evidence import Evidence, micros

SAME = micros(timedelta(hours=1))
"""Two records of one rotation (the provider's and the inventory's) lie closer together than two rotations
ever do."""

PASSING = frozenset({"session", "wrapping", "lease", INFERRED})
"""Kinds of credentials that are not rotated: they are issued for a while, from what is."""

STAGE_OLD = "stage AWSPREVIOUS"
STAGE_NEW = "stage AWSCURRENT"
"""How readers name the versions of a secret that they do not name by id."""


class Change(NamedTuple):
    """One rotation as all its records tell it.

    ``until``: when the next one came (µs, 0: none yet). ``olds``, ``news``: credentials, or versions of a
    secret. ``deadline``: from when on the old ones are not to be used (µs); 0: it hangs on a first success
    that has not been seen.
    """

    subject: str
    at: int
    until: int
    records: tuple[Evidence, ...]
    how: str
    successor: str
    olds: tuple[str, ...]
    news: tuple[str, ...]
    deadline: int


def changes(view: View) -> Iterator[list[Change]]:
    """Per rotated thing of this dossier, its rotations in order of time."""
    for subject, records in sorted(view.dossier.rotations.items()):
        merged = _merged(records)
        yield [
            _change(view, subject, merged[: i + 1], merged[i + 1].at if i + 1 < len(merged) else 0)
            for i in range(len(merged))
        ]


class Merged(NamedTuple):
    at: int
    records: tuple[Evidence, ...]
    how: str
    successor: str
    overlap: int


def _merged(records: Iterable[Rotation]) -> list[Merged]:
    merged: list[Merged] = []
    for r in sorted(records, key=lambda r: (r.at, r.record.time, r.record.uid)):
        last = merged[-1] if merged else None
        if last and r.at - last.at <= SAME and (not last.successor or r.successor in ("", last.successor)):
            said = [overlap for overlap in (last.overlap, r.overlap) if overlap != UNSAID]
            merged[-1] = Merged(
                last.at,
                (*last.records, r.record),
                last.how,
                last.successor or r.successor,
                min(said, default=UNSAID),
            )
        else:
            merged.append(Merged(r.at, (r.record,), r.how, r.successor, r.overlap))
    return merged


def _change(view: View, subject: str, merged: list[Merged], until: int) -> Change:
    last = merged[-1]
    before = {m.successor for m in merged[:-1]} - {"", last.successor}
    if is_secret(view, subject):
        olds, news = _versions(view, last, before)
    else:
        olds, news = _credentials(view, subject, last, before)
    deadline = _deadline(view, subject, last, news)
    return Change(subject, last.at, until, last.records, last.how, last.successor, olds, news, deadline)


def is_secret(view: View, subject: str) -> bool:
    """Whether what is rotated is read, in versions, and not presented."""
    return ":secret/" in subject and subject not in view.credentials


def _versions(view: View, last: Merged, before: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    olds = {STAGE_OLD, *before}
    for version, read in view.dossier.versions.items():
        if version.startswith("version ") and version != last.successor and read.kept[0].time < last.at:
            olds.add(version)
    return tuple(sorted(olds)), tuple(name for name in (STAGE_NEW, last.successor) if name)


def _credentials(
    view: View, subject: str, last: Merged, before: set[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = {other: name for name, c in view.credentials.items() for other in (name, *c.names)}
    own = names.get(subject, "")
    new = names.get(last.successor, last.successor)
    standing = {name: _born(c) for name, c in view.credentials.items() if name and _stands(c)}
    if own and own != view.key:
        later = [n for n, born in standing.items() if not new and born > standing.get(own, 0) and n != own]
        return (own,), (new,) if new else tuple(sorted(later))
    kind = _family(view.credentials[new]) if new in view.credentials else ""
    peers = {
        n: born for n, born in standing.items() if not kind or _family(view.credentials[n]) in ("", kind)
    }
    since = _since(peers, new, last.at)
    earlier = {names.get(name, name) for name in before}
    olds = {n for n, born in peers.items() if n != new and (born < since or n in earlier)}
    news = {n for n, born in peers.items() if born >= since and n not in olds} | ({new} if new else set())
    return tuple(sorted(olds)), tuple(sorted(news))


def _family(credential: Credential) -> str:
    """Its kind; one that is accepted beyond its expiry is of the same."""
    return credential.kind.removesuffix(EXTENDED)


def _since(born: dict[str, int], new: str, at: int) -> int:
    """What was born before this is old: before the successor where it is known. Where no record names one:
    before the cut-over, but for the last one born before it where there are several: it may have been made
    ahead."""
    if new:
        return min(born.get(new, at), at)
    before = sorted(time for time in born.values() if time < at)
    return before[-1] if len(before) > 1 else at


def _stands(credential: Credential) -> bool:
    """Whether it is one that is rotated: not issued from another."""
    derived = any(link.edge != "made_by" for link in credential.parents.values())
    return credential.kind not in PASSING and not derived


def _born(credential: Credential) -> int:
    first = credential.known
    if credential.issued:
        first = earliest(first, credential.issued) if first else credential.issued
    return first.time if first else 0


def policy_of(view: View, subject: str) -> RotationPolicy | None:
    """The latest recorded policy of what is rotated."""
    return max(
        view.dossier.policies.get(subject, ()), default=None, key=lambda p: (p.record.time, p.record.uid)
    )


def _deadline(view: View, subject: str, last: Merged, news: tuple[str, ...]) -> int:
    policy = policy_of(view, subject)
    overlap = policy.overlap if last.overlap == UNSAID and policy else last.overlap
    if overlap != UNSAID:
        return last.at + overlap
    first = min((time for name in news for time in _successes(view, subject, name)), default=0)
    return max(first, last.at) + view.thresholds.rotation_overlap if first else 0


def _successes(view: View, subject: str, name: str) -> Iterator[int]:
    if is_secret(view, subject):
        read = view.dossier.versions.get(name)
        yield from (e.time for e in read.kept[:1]) if read else ()
    elif name in view.credentials:
        yield from (e.time for e in view.uses(view.credentials[name], "succeeded")[:1])
