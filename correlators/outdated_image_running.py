"""A workload runs another image than the one that was released.

Fires: where a release is declared, after the time that its roll-out may take:
- a part of the workload is seen running, or is told to run, an image that the latest release does not name;
- somebody sets an image who is not the one that the release names.
Where no release is declared, the image that the workload itself was last told to run counts as released:
- after the time of a roll-out, it is seen running an earlier image and never the released one;
- another account gives a part of it an image that this part never had;
- an image is set by somebody who never set one, where somebody else always did (low confidence).
Severity is low. Where the workload's identity holds a credential that is in use, it is high, and medium if no
release is declared.
Proves: everything that was seen since the last release runs the released image. After a finding: the part
that ran another image runs the released one, or the workload was rolled out again and one of its parts runs
it.
Evaded by: audit levels without bodies, which name no image; a tag that is moved to another build.
Benign: canary or blue-green deployments (the releaser set both images); a rollback by the releaser; a
roll-out that is under way; test pods and jobs of the releaser; side-cars, which injectors add; people who
debug; the autoscaler, which sets no image.
Do: ask who set the image. Roll the release out again, and look at what the other image did with the
workload's credentials.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from correlators.control import (
    Clock,
    Confidence,
    Control,
    Episode,
    Evidence,
    Freshness,
    Severity,
    Verdict,
    View,
    iso,
    named,
    spoken,
)
from correlators.kernel.views.released import is_image_of, length
from schemas.claims import Release
from schemas.fact import IMAGES_JOINED, RAN, SET
from schemas.providers import is_own

CONTROL = Control(
    name="outdated_image_running",
    version="1",
    title="Another image than the released one runs",
    owasp=("NHI6:2025",),
    attack=(("T1525", "Implant Internal Image"),),
    nist=("CM-8", "SI-2"),
    csf=("ID.AM-02", "PR.PS-01"),
    bound=True,
    freshness=Freshness(
        timedelta(days=7),
        "parts of a workload are started anew within days, from whatever image they name",
    ),
    needs=frozenset({"images", "releases"}),
    remediation=(
        "Ask who set it. Roll the release out again, and look at what the other image did with its "
        "credentials."
    ),
)

SETS = 2
"""So often somebody must have released a workload before another one who does is a stranger."""


class Contradiction(NamedTuple):
    """What is wrong with a workload: what it is, the records that show it, and since when it is so no more
    (µs, 0: it is, as far as is known)."""

    says: str
    shown: tuple[Evidence, ...]
    confidence: Confidence
    over: int = 0


def judge(view: View, clock: Clock) -> Iterator[Verdict]:
    """Yields at most one verdict about the workload that goes by this key."""
    images = view.dossier.images
    releases = sorted(r for many in view.dossier.releases.values() for r in many if r.image)
    if not images and not releases:
        return
    contradictions = list(_declared(view, clock, releases) if releases else _recorded(view, clock))
    claim = tuple(r.record for r in releases[-1:])
    if contradictions:
        yield _verdict(view, contradictions, claim)
    elif releases:
        yield _standing(view, releases, claim)


def _standing(view: View, releases: list[Release], claim: tuple[Evidence, ...]) -> Verdict:
    """Nothing is wrong, as far as is known: what was seen last runs the latest release, or not yet."""
    ran = _kept(view, RAN)[-1:]
    runs = any(is_image_of(image, releases[-1]) for e in ran for image in _images(e))
    reason = f"{ran[0].operation} at {iso(ran[0].time)}" if ran else ""
    if ran and not runs:
        reason += f"; the roll-out of {releases[-1].image} was not seen yet"
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="proven" if runs else "assumed" if ran else "unverifiable",
        title=f"{named(view)} runs what was released",
        reason=reason or "no record shows which image it runs: the audit level may have no bodies",
        claim=claim,
        evidence=ran,
    )


def _kept(view: View, how: str) -> tuple[Evidence, ...]:
    return view.dossier.images[how].kept if how in view.dossier.images else ()


def _images(seen: Evidence) -> set[str]:
    return set(seen.operation.split(IMAGES_JOINED))


def _declared(view: View, clock: Clock, releases: list[Release]) -> Iterator[Contradiction]:
    """Held against the release that was in force when it was seen, and had had its time."""
    wrong: list[Evidence] = []
    strangers: list[Evidence] = []
    for seen in (*_kept(view, SET), *_kept(view, RAN)):
        due = [r for r in releases if r.at + length(view, r) <= seen.time]
        if not due:
            continue
        latest = due[-1]
        allowed = [r for r in releases if r.at >= latest.at]
        back = {
            image
            for e in _kept(view, SET)
            if not e.asked and latest.by and e.actor == latest.by and latest.at <= e.time <= seen.time
            for image in _images(e)
        }
        if not any(image in back or is_image_of(image, r) for r in allowed for image in _images(seen)):
            wrong.append(seen)
    for seen in _kept(view, SET):
        meant = [r for r in releases if any(is_image_of(image, r) for image in _images(seen)) and r.by]
        if meant and not seen.asked and all(seen.actor != r.by for r in meant):
            strangers.append(seen)
    newest = releases[-1]
    clock.past(newest.at + length(view, newest))
    if wrong:
        says = f"{wrong[-1].operation} instead of {newest.image}"
        right = [e for e in (*_kept(view, SET), *_kept(view, RAN)) if e not in wrong]
        gone = [_replaced(e, right, newest) for e in wrong]
        yield Contradiction(says, tuple(sorted(wrong)), Confidence.HIGH, max(gone) if all(gone) else 0)
    if strangers:
        says = f"{strangers[-1].operation} was set by {spoken(strangers[-1].actor)}"
        yield Contradiction(says, tuple(sorted(strangers)), Confidence.HIGH)


def _replaced(wrong: Evidence, right: list[Evidence], newest: Release) -> int:
    """Since when (µs) what ran runs no more: its part runs what was released last, or the workload was told
    to run that and one of its parts does; 0 where that was not seen."""
    later = sorted(
        e for e in right if e.time > wrong.time and any(is_image_of(i, newest) for i in _images(e))
    )
    rolled = [e for e in later if not e.asked]
    part = (e.time for e in later if e.asked == wrong.asked)
    whole = (e.time for e in later if rolled and e.asked and e.time >= rolled[0].time)
    return min((*part, *whole), default=0) if wrong.asked else min(part, default=0)


def _recorded(view: View, clock: Clock) -> Iterator[Contradiction]:
    """Held against what the workload itself was last told to run."""
    sets = [e for e in _kept(view, SET) if not e.asked]
    if not sets:
        return
    by = {e.actor for e in sets}
    earlier = {e.actor for e in sets[:-1]}
    ever = {image for e in sets for image in _images(e)}
    odd = [
        e
        for e in _kept(view, SET)
        if e.asked
        and not _images(e) & ever
        and e.time >= sets[0].time
        and is_own(e.actor)
        and e.actor not in by
    ]
    if odd:
        yield Contradiction(
            f"{odd[-1].asked} was told to run {odd[-1].operation}", tuple(odd), Confidence.LOW
        )
    last = sets[-1]
    before = [e for e in sets[:-1] if _images(e) != _images(last)]
    if (
        len(sets) > SETS
        and len(earlier) == 1
        and last.actor not in earlier
        and _images(last) != _images(sets[-2])
    ):
        says = f"{last.operation} was set by {spoken(last.actor)}, who never did"
        yield Contradiction(says, (last,), Confidence.LOW)
    late = last.time + view.thresholds.rollout
    old = {image for e in before for image in _images(e)} - _images(last)
    ran = [e for e in _kept(view, RAN) if e.time > late]
    stale = [e for e in ran if _images(e) & old]
    if any(_images(e) & _images(last) for e in ran):
        stale = []
    if stale:
        yield Contradiction(
            f"{stale[-1].asked} goes on with {stale[-1].operation}", tuple(stale), Confidence.MEDIUM
        )


def _verdict(view: View, contradictions: list[Contradiction], claim: tuple[Evidence, ...]) -> Verdict:
    shown = tuple(sorted({e for t in contradictions for e in t.shown}))
    over = max(t.over for t in contradictions) if all(t.over for t in contradictions) else 0
    live = any(view.uses(c, "succeeded") for name, c in view.credentials.items() if name)
    return view.verdict(
        CONTROL,
        subject=view.key,
        value="proven" if over else "violated",
        title=f"{named(view)}: {contradictions[0].says}",
        reason="; ".join(t.says for t in contradictions)
        + f"; since {iso(shown[0].time)}"
        + (f"; replaced by {iso(over)}" if over else ""),
        severity=(Severity.HIGH if claim else Severity.MEDIUM) if live else Severity.LOW,
        confidence=min(t.confidence for t in contradictions),
        claim=claim,
        evidence=shown,
        episodes=(Episode(shown[0].time, over, "another image"),),
        next_step="ask who set it, and roll the release out again",
    )
