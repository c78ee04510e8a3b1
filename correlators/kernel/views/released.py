"""Released: the window that a release opens, and what the workload shows since, element by element.

| element | seen as | approved by |
|---|---|---|
| image | what the workload was told to run, and was seen running | a declared release, also the next one |
| network | where its credentials were used with success, except by people | declared places |
| tool | what an agent was offered and what it called | the declared catalogue |
| access | grants that it was given and used | declared scopes, approvals |
| secret | the first read of each | declared secrets |

An element of a kind that no record declares is neither approved nor beyond approval.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from correlators.kernel.views.approved_places import (
    in_force,
    is_approved,
    is_unsaid,
    stated_places,
    unknown_places,
)
from correlators.kernel.views.fronts import fronts_of
from correlators.kernel.views.inventoried import approvals
from correlators.kernel.views.tool_table import tool_table
from correlators.kernel.views.view import View, sighted
from schemas import frozen
from schemas.claims import UNSAID, Release
from schemas.dossier import Credential
from schemas.evidence import Evidence, iso, network_of
from schemas.fact import AUTHENTICATED, IMAGES_JOINED, RAN, SET, group_of
from schemas.providers import is_passing, is_refused_self, name_of

Kind = Literal["image", "network", "tool", "access", "secret"]

READ = "secret_read"


class Window(NamedTuple):
    """One release of a workload, from when on it holds and until when what it brings is looked at (µs);
    ``until``: when the next one took its place (0: it is the last)."""

    workload: str
    release: Release
    start: int
    deadline: int
    until: int = 0

    @property
    def name(self) -> str:
        """How the release is called: by its id, else by its image, else by its time."""
        return self.release.id or self.release.image or iso(self.start)

    @property
    def subject(self) -> str:
        """What verdicts about it are about."""
        return f"{self.workload} {self.name}"

    def holds(self, time: int) -> bool:
        """Says whether a time (µs) lies in the window: not past the deadline, nor past the next release."""
        return self.start <= time <= self.deadline and (not self.until or time < self.until)


class Element(NamedTuple):
    """One thing that the workload showed: when last before the release, and when first and last in its window
    (evidence without an id where only its time is known). ``approved``: whether the records approve it, None
    where none speaks of such things."""

    kind: Kind
    name: str
    approved: bool | None
    before: Evidence | None = None
    first: Evidence | None = None
    last: Evidence | None = None


def windows(view: View) -> list[Window]:
    """Returns the window of each declared release that has a beginning, in order of time."""
    found: list[Window] = []
    for workload, releases in sorted(view.dossier.releases.items()):
        begun = sorted(_latest(r for r in releases if r.at))
        for release, following in zip(begun, [*begun[1:], None], strict=True):
            until = following.at if following else 0
            found.append(Window(workload, release, release.at, release.at + length(view, release), until))
    return sorted(found, key=lambda w: (w.start, w.workload, w.name))


def _latest(releases: Iterable[Release]) -> list[Release]:
    """Of several records of one release the last: a release that was put off has one beginning."""
    latest: dict[str, Release] = {}
    for release in sorted(releases, key=lambda r: (r.record.time, r.record.uid, r.at)):
        latest[release.id or f"{release.image} {release.at}"] = release
    return list(latest.values())


def length(view: View, release: Release) -> int:
    """Returns how long a roll-out may take (µs)."""
    return view.thresholds.rollout if release.window == UNSAID else release.window


def is_image_of(image: str, release: Release) -> bool:
    """Says whether this is the released image: by its whole name, by name and tag under whatever registry, or
    by one of its digests, whatever tag stands before it."""
    name, at, digest = image.partition("@")
    if at and release.digests:
        return digest in release.digests
    released, _, wanted = release.image.partition("@")
    if at and wanted:
        return digest == wanted
    return name == released or name.endswith(f"/{released}")


def elements(view: View, window: Window) -> list[Element]:
    """Returns what the workload showed, before the release and in its window."""
    every = (*_images(view, window), *_networks(view, window), *_tools(view, window))
    return [*every, *_access(view, window), *_secrets(view, window)]


def beyond(view: View, window: Window) -> list[Element]:
    """Returns the elements of the window that the records do not approve and of which no other control
    tells: images, networks of other uses than reads of secrets, secrets."""
    every = (*_images(view, window), *_networks(view, window, without_reads=True), *_secrets(view, window))
    return [e for e in every if e.first is not None and e.approved is False]


def acted_in(view: View, window: Window) -> tuple[Evidence, ...]:
    """Returns what shows that the workload was at work in the window: its uses, and what it ran."""
    uses = (view.uses(c, "succeeded") for c in view.credentials.values())
    ran = view.dossier.images[RAN].kept if RAN in view.dossier.images else ()
    return tuple(e for e in sighted([*uses, ran]) if window.holds(e.time))


def _element(
    kind: Kind, name: str, approved: bool | None, seen: Iterable[Evidence], window: Window
) -> Element:
    ordered = sorted(seen)
    before = [e for e in ordered if e.time < window.start]
    inside = [e for e in ordered if window.holds(e.time)]
    first, last = (inside[0], inside[-1]) if inside else (None, None)
    return Element(kind, name, approved, before[-1] if before else None, first, last)


def _images(view: View, window: Window) -> Iterator[Element]:
    orders, ran = (view.dossier.images[h].kept if h in view.dossier.images else () for h in (SET, RAN))
    seen: dict[str, list[Evidence]] = {}
    for e in (*orders, *ran):
        seen.setdefault(e.operation, []).append(e)
    named = [r for r in view.dossier.releases.get(window.workload, ()) if r.image]
    new = [e.time for e in ran if e.time < window.start or any(_is_one(e, r) for r in named)]
    for images, many in sorted(seen.items()):
        known = any(is_image_of(image, r) for r in named for image in images.split(IMAGES_JOINED))
        known |= any(e in orders and not e.asked and e.actor == window.release.by for e in many)
        known |= min(many).time < window.start
        # What runs unheard of may be what ran before: where that is known, or the new one runs already, not.
        known |= not any(e in orders or (new and min(new) < e.time) for e in many)
        yield _element("image", images, known if named else None, many, window)


def _is_one(seen: Evidence, release: Release) -> bool:
    return any(is_image_of(image, release) for image in seen.operation.split(IMAGES_JOINED))


def _networks(view: View, window: Window, without_reads: bool = False) -> Iterator[Element]:
    """``without_reads``: leave out reads of secrets, which another control judges."""
    stated = stated_places(view)
    vague = bool(stated) and bool(unknown_places(stated))
    seen: dict[str, list[Evidence]] = {}
    for name, credential in view.credentials.items():
        if credential.person:
            continue
        fronts = fronts_of(view, name, roaming=False) if name else frozenset()
        for e in _placed(view, name, credential, without_reads):
            if e.place and e.place not in fronts:
                seen.setdefault(network_of(e.place), []).append(e)
    for network, many in sorted(seen.items()):
        good = [e for e in many if stated and is_approved(stated, e)]
        bad = [e for e in many if e not in good]
        unsaid = bool(stated) and any(is_unsaid(stated, e) for e in bad)
        approved = (
            None if not stated or (bad and (vague or unsaid)) else not any(window.holds(e.time) for e in bad)
        )
        yield _element("network", network, approved, many if approved is not False else bad, window)


def _placed(view: View, name: str, credential: Credential, without_reads: bool) -> Iterator[Evidence]:
    reads = {e.event for e in view.acted(credential, READ, "succeeded")} if without_reads else set()
    uses = view.uses(credential, "succeeded")
    yield from (e for e in uses if e.event not in reads)
    # Where it was first is kept, whatever the number of uses since.
    seen = {e.event for e in uses} | reads
    for key, stay in credential.stays.items():
        graves = {e.event for e in stay.grave.values()}
        if stay.first.event not in seen | graves:
            place = key.partition("\t")[2]
            yield frozen.changed(stay.first, place=place, actor=view.key, credential=name)


def _tools(view: View, window: Window) -> Iterator[Element]:
    declared = any(d.tools is not None for many in view.dossier.stated.values() for d in many)
    for row in tool_table(view):
        times = {t for t in (*row.offered, row.called, row.refused) if t}
        seen = [Evidence(t, "", actor=row.agent, operation=row.tool) for t in sorted(times)]
        if seen:
            yield _element("tool", row.tool, bool(row.approved) if declared else None, seen, window)


def _access(view: View, window: Window) -> Iterator[Element]:
    stated = view.stating("scopes")
    granted = approvals(view)
    for name, grant in sorted(view.dossier.grants.items()):
        if group_of(view.key) == name or is_passing(name) or is_refused_self(name):
            continue
        uses = sighted(s.kept for key, s in grant.uses.items() if key.partition(":")[0] in AUTHENTICATED)
        seen = sorted({*uses, *(t.evidence for t in grant.turns if t.alive)})
        names = {key for whole in (name, grant.role) if whole for key in (whole, name_of(whole))}
        mine = [a for a in granted if a.grant in names]
        approved = None
        if stated or mine:
            approved = bool(stated and names & set(stated[-1].scopes or ())) or bool(mine)
        if seen:
            yield _element("access", grant.role or name, approved, seen, window)


def _secrets(view: View, window: Window) -> Iterator[Element]:
    stated = view.stating("secrets")
    reads = sighted(view.acted(c, READ, "succeeded") for c in view.credentials.values() if not c.person)
    for secret, time in sorted(view.dossier.secrets.items()):
        approved = None
        if stated:
            approved = any(secret in (d.secrets or ()) for d in in_force(stated, time))
        seen = [e for e in reads if e.time == time] or [Evidence(time, "", actor=view.key)]
        yield _element("secret", secret, approved, seen, window)
