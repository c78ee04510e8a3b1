"""Rotations: what is old since when, what took its place, and when the old one should no longer be used.

Only what a record calls a rotation is one: two tokens of one account, or a second key, are none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from correlators.kernel.knowledge.join import earliest
from correlators.kernel.knowledge.sightings import thin
from correlators.kernel.views.view import View
from schemas.claims import BACK, GONE, UNSAID, Rotation, RotationPolicy
from schemas.credential_kind import traits_of
from schemas.dossier import Credential
from schemas.evidence import Evidence, micros
from schemas.providers import versions_of

SAME = micros(timedelta(hours=1))
"""Two records of one rotation (the provider's and the inventory's) lie closer together than two rotations
ever do."""


class Change(NamedTuple):
    """One rotation as all its records tell it.

    ``until``: when the next one came, or this one was taken back (µs, 0: neither yet); ``back``: the latter
    alone. ``olds``, ``news``: credentials, or versions of a secret. ``deadline``: from when on the old ones
    are not to be used (µs); 0: it hangs on a first success that has not been seen. ``which``: of several
    secrets of this name the one, "" where there is but one; ``shown``: the subject, told apart from them.
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
    back: int = 0
    which: str = ""
    shown: str = ""


NOTHING = frozenset({GONE, BACK})
"""Overlaps of records that rotate nothing."""


def changes(view: View) -> Iterator[list[Change]]:
    """Yields for each rotated thing of this dossier its rotations in order of time."""
    for subject, records in sorted(view.dossier.rotations.items()):
        several = _several(records)
        for which, own in several.items():
            merged = _merged(r for r in own if r.overlap not in NOTHING)
            turned = [r for r in own if r.overlap in NOTHING]
            shown = f"{subject} ({which})" if len(several) > 1 else subject
            ends = [_ended(merged, i, turned) for i in range(len(merged))]
            changes_of_one = [
                _change(view, subject, which, merged[: i + 1], end) for i, end in enumerate(ends)
            ]
            many = [change._replace(shown=shown) for change in changes_of_one]
            if many:
                yield many


def same(one: str, other: str) -> bool:
    """Says whether two words of which secret of a name is meant (``schemas.activity.Fetched.which``) may be
    of one: what tells it apart decides where both say it, else where it is."""
    if not one or not other:
        return True
    (here, _, this), (there, _, that) = one.partition(" "), other.partition(" ")
    return this == that if this and that else here == there


def _several(records: Iterable[Rotation]) -> dict[str, list[Rotation]]:
    """The rotations of each of several secrets of one name, by the word that tells most of it. A record that
    says of none which it means is about all."""
    every = list(records)
    words = sorted({r.record.asked for r in every} - {""}, key=lambda word: (-word.count(" "), word))
    which: list[str] = []
    for word in words:
        if not any(same(word, known) for known in which):
            which.append(word)
    return {word: [r for r in every if same(r.record.asked, word)] for word in which or [""]}


class Merged(NamedTuple):
    """Several records of one rotation as one. ``at``: the earliest of their times (µs); ``overlap`` is in
    µs."""

    at: int
    records: tuple[Evidence, ...]
    how: str
    successor: str
    overlap: int


class Ended(NamedTuple):
    """When the next rotation came, and when this one was taken back (µs, 0: not)."""

    next: int
    back: int


def _ended(merged: list[Merged], i: int, turned: list[Rotation]) -> Ended:
    """A rotation is taken back when its successor goes while that is the newest, and stays away."""
    next_at = merged[i + 1].at if i + 1 < len(merged) else 0
    of_it = [r for r in turned if r.successor and r.successor == merged[i].successor]
    went = min((r.at for r in of_it if r.overlap == GONE and r.at >= merged[i].at), default=0)
    last = max(of_it, key=lambda r: (r.at, r.record.time, r.record.uid), default=None)
    stays = last is not None and last.overlap == GONE
    back = went if went and stays and (not next_at or went < next_at) else 0
    return Ended(next_at, back)


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


def _change(view: View, subject: str, which: str, merged: list[Merged], ended: Ended) -> Change:
    last = merged[-1]
    secret = is_secret(view, subject)
    if secret and not last.successor:
        last = last._replace(successor=_newest(view, which, merged))
    before = {m.successor for m in merged[:-1]} - {"", last.successor}
    if secret:
        olds, news = _versions(view, subject, which, last, before)
    else:
        olds, news = _credentials(view, subject, last, before)
    deadline = _deadline(view, subject, which, last, news)
    until = min(ended.next or ended.back, ended.back or ended.next)
    return Change(
        subject,
        last.at,
        until,
        last.records,
        last.how,
        last.successor,
        olds,
        news,
        deadline,
        ended.back,
        which,
    )


def is_secret(view: View, subject: str) -> bool:
    """Says whether what is rotated is read, in versions, and not presented."""
    return ":secret/" in subject and subject not in view.credentials


def reads_of(view: View, version: str, which: str) -> tuple[Evidence, ...]:
    """Returns the reads of a version of this secret, in order."""
    read = view.dossier.versions.get(version)
    kept = thin(read).kept if read else ()
    return tuple(e for e in kept if same(e.asked, which)) if which else kept


def _read_before(view: View, which: str, at: int) -> dict[str, int]:
    """The versions that were read by their ids before, with the first time."""
    named = [version for version in view.dossier.versions if version.startswith("version ")]
    first = {version: reads[0].time for version in named if (reads := reads_of(view, version, which))}
    return {version: time for version, time in first.items() if time < at}


def _newest(view: View, which: str, merged: list[Merged]) -> str:
    """What a cut-over leads to that names no version: the one stored last before it; where no record tells,
    of several that were read before it the highest number, else the one that was read first last."""
    stored = [m.successor for m in merged[:-1] if m.successor]
    if stored:
        return stored[-1]
    read = _read_before(view, which, merged[-1].at)
    if len(read) < 2:
        return ""
    if all(version.removeprefix("version ").isdecimal() for version in read):
        return max(read, key=lambda version: int(version.removeprefix("version ")))
    return max(read, key=lambda version: (read[version], version))


def _versions(
    view: View, subject: str, which: str, last: Merged, before: set[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    old, new = versions_of(subject)
    olds = {old, *before, *_read_before(view, which, last.at)} - {last.successor, ""}
    return tuple(sorted(olds)), tuple(name for name in (new, last.successor) if name)


def _credentials(
    view: View, subject: str, last: Merged, before: set[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = {other: name for name, c in view.credentials.items() for other in (name, *c.names)}
    own = names.get(subject, "")
    new = names.get(last.successor, last.successor)
    standing = {name: born(c) for name, c in view.credentials.items() if name and stands(c)}
    if own and own != view.key:
        later = [n for n, born in standing.items() if not new and born > standing.get(own, 0) and n != own]
        return (own,), (new,) if new else tuple(sorted(later))
    kind = family(view.credentials[new]) if new in view.credentials else ""
    peers = {n: born for n, born in standing.items() if not kind or family(view.credentials[n]) in ("", kind)}
    since = _since(peers, new, last.at)
    earlier = {names.get(name, name) for name in before}
    olds = {n for n, born in peers.items() if n != new and (born < since or n in earlier)}
    news = {n for n, born in peers.items() if born >= since and n not in olds} | ({new} if new else set())
    return tuple(sorted(olds)), tuple(sorted(news))


def family(credential: Credential) -> str:
    """Returns the kind of a credential for comparing; a token that is accepted beyond its expiry is of the
    same kind as before."""
    return traits_of(credential.kind).form_of or credential.kind


def _since(born: dict[str, int], new: str, at: int) -> int:
    """What was born before this is old: before the successor where it is known. Where no record names one:
    before the cut-over, but for the last one born before it where there are several: it may have been made
    ahead."""
    if new:
        return min(born.get(new, at), at)
    before = sorted(time for time in born.values() if time < at)
    return before[-1] if len(before) > 1 else at


def stands(credential: Credential) -> bool:
    """Says whether the credential is one that can be rotated: it was not issued from another."""
    derived = any(link.edge != "made_by" for link in credential.parents.values())
    return not traits_of(credential.kind).passing and not derived


def born(credential: Credential) -> int:
    """Returns the time (µs) at which a credential was issued or first mentioned, whichever is earlier; 0:
    unknown."""
    first = credential.known
    if credential.issued:
        first = earliest(first, credential.issued) if first else credential.issued
    return first.time if first else 0


def policy_of(view: View, subject: str) -> RotationPolicy | None:
    """Returns the latest recorded policy of what is rotated."""
    return max(
        view.dossier.policies.get(subject, ()), default=None, key=lambda p: (p.record.time, p.record.uid)
    )


def _deadline(view: View, subject: str, which: str, last: Merged, news: tuple[str, ...]) -> int:
    policy = policy_of(view, subject)
    overlap = policy.overlap if last.overlap == UNSAID and policy else last.overlap
    if overlap != UNSAID:
        return last.at + overlap
    first = min((time for name in news for time in _successes(view, subject, which, name)), default=0)
    return max(first, last.at) + view.thresholds.rotation_overlap if first else 0


def _successes(view: View, subject: str, which: str, name: str) -> Iterator[int]:
    if is_secret(view, subject):
        yield from (e.time for e in reads_of(view, name, which)[:1])
    elif name in view.credentials:
        yield from (e.time for e in view.uses(view.credentials[name], "succeeded")[:1])
