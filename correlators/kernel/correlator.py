"""The correlator takes facts, keeps dossiers, and settles: what to forward, what to say, what to store. It is
pure but for its memory.

The same correlator serves a partition of the running pipeline and a whole replay; time reaches it only as
``Clock``.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from correlators.kernel import resting
from correlators.kernel.caps import DOSSIER_BYTES_MAX, expired, tidy
from correlators.kernel.catalogue import Judge, followed
from correlators.kernel.crowding import Crowding
from correlators.kernel.difference import announced, difference
from correlators.kernel.doubtful import Doubtful
from correlators.kernel.knowledge import coming, memory
from correlators.kernel.knowledge.inferred import INFERRED
from correlators.kernel.knowledge.join import join
from correlators.kernel.knowledge.weight import lightened, spared
from correlators.kernel.needs import Asked
from correlators.kernel.resting import Resting
from correlators.kernel.routes import apart, circles, crowds, siblings
from correlators.kernel.routes.kinds import Kind, kind_of
from correlators.kernel.routes.routing import gathered, judged_elsewhere, only_leads, outbox
from correlators.kernel.stored import known_by
from correlators.kernel.views import exceptions, hearsay
from correlators.kernel.views.lifelines import lifeline_of
from correlators.kernel.views.severity import weighed
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from correlators.kernel.views.view import View
from correlators.kernel.waiting import Waiting
from schemas import frozen
from schemas.authority import PAGES_ONLY, Authority
from schemas.dossier import EMPTY, Dossier, Reported
from schemas.fact import Fact
from schemas.failure import where
from schemas.lifeline import Lifeline
from schemas.stored import UNREAD_MARK
from schemas.stored import encode as encode_dossier
from schemas.verdict import Clock, Report, Verdict

LOCAL_ROUNDS_MAX = 64
"""Generations of lineage inside one dossier that are followed in one settling; the rest follows in the
next.
"""

DEPTH_MARK = "lineage depth reached"


@dataclass(frozen=True)
class Settled:
    """What a settling gave. ``dossiers``: to store, None to delete. ``credentials``: lifelines that changed.
    ``marks``: of caps that dossiers reached now. ``intents``: to store before anything is said: dossiers with
    new findings, which a crash between saying and storing would leave open for good. ``failed``: keys that
    could not be judged because our own code fails over them, and where, once each. ``seen``: the watermark of
    each source in µs, as it was judged by."""

    reports: list[Report] = field(default_factory=list)
    forwards: list[Fact] = field(default_factory=list)
    dossiers: dict[str, bytes | None] = field(default_factory=dict)
    credentials: list[Lifeline] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    intents: dict[str, bytes] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)
    seen: Mapping[str, int] = field(default_factory=dict)


class Correlator:
    """Dossiers of one partition. ``load`` gives a stored dossier's bytes, or None. ``bytes_max``: of one
    dossier; None: they are of any size, and not stored.

    A dossier is judged again when it is first loaded, so whatever a crash cut off between two steps is made
    good.
    """

    def __init__(
        self,
        controls: Mapping[str, Judge],
        load: Callable[[str], bytes | None] = lambda key: None,
        bytes_max: int | None = DOSSIER_BYTES_MAX,
        paced: bool = False,
        thresholds: Thresholds = DEFAULTS,
        authority: Authority = PAGES_ONLY,
        credentials_max: int = apart.CREDENTIALS_MAX,
        children_max: int = siblings.CHILDREN_MAX,
    ) -> None:
        self._controls = Asked(controls)
        self._everywhere = Asked({name: c for name, c in controls.items() if c.CONTROL.everywhere})
        self._load = load
        self._bytes_max = sys.maxsize if bytes_max is None else bytes_max
        self._credentials_max = sys.maxsize if bytes_max is None else credentials_max
        self._stores = bytes_max is not None
        self._settled: set[str] = set()
        self._children_max = sys.maxsize if bytes_max is None else children_max
        self._encode = _not_stored if bytes_max is None else encode_dossier
        self._dossiers = Resting(resting.BUSY_MAX if self._stores else sys.maxsize)
        self._dirty = Waiting()
        self._due: list[tuple[int, str]] = []
        self._paced = paced
        self._thresholds = thresholds
        self._unusual = thresholds.unusual()
        self._hearsay = hearsay.Hearsay(authority)
        self._crowds = Crowding()
        self._held: set[str] = set()
        self._unread = 0
        self._doubtful = Doubtful()
        self._failed: dict[str, str] = {}
        self._said_failed: set[str] = set()

    def __len__(self) -> int:
        return len(self._dossiers)

    def keys(self) -> Iterable[str]:
        """Yields the keys of all dossiers that are held in memory, at rest or decoded."""
        return self._dossiers.keys()

    def dossier(self, key: str) -> Dossier:
        """Returns the dossier as it is known now; empty where nothing is."""
        known = self._dossiers.get(key)
        if known is None:
            body = self._load(key)
            known = known_by(body) if body else EMPTY
            if body:
                self._dirty.add(key)
            else:
                self._dirty.unheard_of(key)
            if known.unread:
                self._unread += 1
            self._dossiers[key] = known
        return known

    def take(self, facts: Iterable[Fact]) -> None:
        """Joins facts into their dossiers. A fact that teaches nothing causes no further work."""
        for key, fact in facts:
            try:
                known = self.dossier(key)
                # Mostly what is told of one that nothing is known of is all there is to know.
                joined = fact if known is EMPTY and _says_something(fact) else join(known, fact)
            except Exception as error:
                self._failed[key] = where(error)
                continue
            if joined is not known:
                self._dossiers[key] = joined
                self._dirty.learned(key, fact)
            elif fact.asked:
                self._dirty.add(key)

    def due(self, clock: Clock) -> bool:
        """Says whether any dossier must be settled now, and marks for the next settling those whose
        verdicts must be asked again by this time."""
        while self._due and self._due[0][0] <= clock.now:
            key = heapq.heappop(self._due)[1]
            if key in self._dossiers:
                self._dirty.add(key)
        return bool(self._dirty)

    @property
    def behind(self) -> bool:
        """Tells whether some dossiers wait for another settling."""
        return bool(self._dirty)

    def settle(self, clock: Clock, most: int = sys.maxsize) -> Settled:
        """Forwards, judges and encodes every dossier that learned something or fell due; of more than
        ``most`` as many, none of them behind all that one source taught of."""
        clock = clock.listening()
        self.due(clock)
        self._dirty.update(key for key in self._doubtful.settled_by(clock) if key in self._dossiers)
        settled = Settled(marks=[UNREAD_MARK] * self._unread, seen=clock.seen)
        self._unread = 0
        while self._dirty and most > 0:
            batch = self._dirty.taken(most, self._dossiers.__getitem__)
            most -= len(batch)
            for key in batch:
                self._settle_apart(key, clock, settled)
        settled.failed.extend(item for item in self._failed.items() if item[0] not in self._said_failed)
        self._said_failed.update(self._failed)
        self._failed.clear()
        return settled

    def _settle_apart(self, key: str, clock: Clock, settled: Settled) -> None:
        """What fails over one dossier is told, and the others go on: it keeps what it knows and what was said
        of it, and is judged again when it learns something."""
        before = len(settled.forwards), len(settled.reports), len(settled.credentials)
        try:
            self._settle(key, clock, settled)
        except Exception as error:
            self._failed[key] = where(error)
            del settled.forwards[before[0] :], settled.reports[before[1] :], settled.credentials[before[2] :]
            settled.intents.pop(key, None)
            body = self._encode(self._dossiers[key])
            if len(body) <= self._bytes_max:
                settled.dossiers[key] = body

    def hasten(self) -> None:
        """Ends all holding back of reports: the next settling gives every report that is due."""
        self._paced = False
        self._dirty.update(key for key in self._held if key in self._dossiers)
        self._held.clear()

    def forget(self) -> None:
        """Drops everything: the partition has gone to another worker."""
        for held in (self._dossiers, self._dirty, self._due, self._held):
            held.clear()
        self._doubtful = Doubtful()
        self._crowds = Crowding()

    def _settle(self, key: str, clock: Clock, settled: Settled) -> None:
        known = self._dossiers[key]
        if only_leads(key, known):
            self._thinly(key)
            body = self._encode(known)
            self._dossiers.settled(key, known, body)
            settled.dossiers[key] = body
            return
        dossier = self._parted(key, self._come(key, known, clock), self._children_max, settled)
        dossier = self._forward(key, dossier, settled)
        if not dossier.unread and expired(key, dossier, clock, self._thresholds.memory):
            self._dossiers.pop(key)
            settled.dossiers[key] = None
            return
        believed = self._hearsay.believed(key, dossier, clock)
        kind = kind_of(key)
        judged = kind.judged if kind else not (believed.members or judged_elsewhere(key, believed))
        dossier = apart.settled(dossier, self._credentials_max)
        if judged and (names := apart.many(key, dossier, self._credentials_max)):
            dossier = _moved_out(key, dossier, names, settled)
        dossier = tidy(kind.capped(key, dossier) if kind else dossier, self._thinly(key))
        body = self._encode(dossier)
        remembered = memory.forgotten(dossier, len(body), clock)
        if remembered is not dossier:
            dossier, body = remembered, self._encode(remembered)
        asked = self._controls if judged else self._everywhere if _lasts(kind, dossier) else None
        if asked:
            view = self._view(key, dossier, clock)
            verdicts = self._judge(key, dossier, view, clock, asked)
            if dossier.unread:
                verdicts = _standing(verdicts, view.dossier.reported)
            standing = apart.left_standing(dossier) | _of_another(key, dossier)
            said = {uid: r for uid, r in view.dossier.reported.items() if uid not in standing}
            reports, reported, due = difference(said, verdicts, clock.now, self._paced, not dossier.unread)
            self._hold(key, due)
            if self._unusual:
                reports = [frozen.changed(report, thresholds=self._unusual) for report in reports]
            settled.reports.extend(reports)
            if judged:
                settled.credentials.extend(self._changed_rows(key, view))
            if reports:
                dossier = frozen.changed(dossier, reported=reported | standing)
                self._forward_to_crowds(key, dossier, reports, settled)
                body = self._encode(dossier)
                first = any(report.finding and report.activity == 1 for report in reports)
                if first and len(body) <= self._bytes_max:
                    intent = frozen.changed(dossier, reported=announced(dossier.reported, reports))
                    settled.intents.setdefault(key, self._encode(intent))
                    # A first finding puts its dossier on a roster, from which exceptions come. Where what was
                    # said is itself cut, it would be the first again and again.
                    self._dirty.add(key)
        if len(body) > self._bytes_max:
            dossier, body = self._fitted(key, dossier, body, clock, judged, settled)
        settled.marks.extend(mark for mark in dossier.marks if mark not in known.marks)
        self._dossiers.settled(key, dossier, body)
        settled.dossiers[key] = body

    def _thinly(self, key: str) -> bool:
        """Whether not all uses of a dossier are kept. Where nothing is stored, all are until it is settled
        again: in a first settling what has ended elsewhere is not known here yet."""
        if self._stores or key in self._settled:
            return True
        self._settled.add(key)
        return False

    def _parted(self, key: str, dossier: Dossier, most: int, settled: Settled) -> Dossier:
        """The dossier without children that are too many for it: they are told elsewhere what it tells."""
        left, facts = siblings.moved_out(key, dossier, most)
        settled.forwards.extend(facts)
        return left

    def _fitted(
        self, key: str, dossier: Dossier, body: bytes, clock: Clock, judged: bool, settled: Settled
    ) -> tuple[Dossier, bytes]:
        """The dossier within its bytes, what moves out of it for that told to where it goes."""
        if judged:
            whole = dossier
            dossier, body = spared(dossier, body, self._bytes_max)
            settled.forwards.extend(siblings.let_go(key, whole, dossier))
            names = apart.heavy(key, dossier, len(body) - self._bytes_max // 2)
            if len(body) > self._bytes_max and names:
                dossier = _moved_out(key, dossier, names, settled)
                body = self._encode(dossier)
        if len(body) > self._bytes_max:
            whole = dossier
            dossier, body = self._lightened(key, dossier, clock, judged)
            settled.forwards.extend(siblings.let_go(key, whole, dossier))
            if dossier.marks != whole.marks:
                self._dirty.add(key)  # The mark itself is told.
        return dossier, body

    def _lightened(self, key: str, dossier: Dossier, clock: Clock, judged: bool) -> tuple[Dossier, bytes]:
        """Judged before, as long as all was known. What was said and could not be said of what is left stays
        said: it is not taken back, now or later."""
        light, body = lightened(dossier, self._bytes_max)
        if not judged:
            return light, body
        left = {
            v.uid: int(v.severity or 0)
            for v in self._judge(key, light, self._view(key, light, clock), clock, self._controls)
        }
        kept = {uid: said for uid, said in light.reported.items() if _can_be_said(said, left.get(uid))}
        if len(kept) == len(light.reported):
            return light, body
        light = frozen.changed(light, reported=kept)
        return light, self._encode(light)

    def _come(self, key: str, dossier: Dossier, clock: Clock) -> Dossier:
        """The dossier with what has come by now; what has not is asked for again in its time."""
        if not dossier.coming:
            return dossier
        dossier = coming.arrived(dossier, clock.now)
        if dossier.coming:
            heapq.heappush(self._due, (min(dossier.coming), key))
        return dossier

    def _hold(self, key: str, due: int) -> None:
        """Remembers when a dossier of which something is held back (``due``, µs) must be asked again."""
        self._held.discard(key)
        if due:
            self._held.add(key)
            heapq.heappush(self._due, (due, key))

    def _forward(self, key: str, dossier: Dossier, settled: Settled) -> Dossier:
        """Tells others what they have not been told yet, and itself until nothing is learned any more."""
        for _ in range(LOCAL_ROUNDS_MAX):
            outgoing = outbox(key, dossier)
            local = outgoing.pop(key, None)
            learned = join(dossier, local) if local else dossier
            if learned is dossier:
                break
            dossier = learned
        else:
            dossier = join(dossier, Dossier(marks=(DEPTH_MARK,)))
        settled.forwards.extend(self._dossiers.unsent(key, outgoing))
        if dossier.asked:
            settled.forwards.extend(apart.answers(key, dossier))
        return dossier

    def _view(self, key: str, dossier: Dossier, clock: Clock) -> View:
        return self._seen(key, self._hearsay.believed(key, dossier, clock), clock)

    def _seen(self, key: str, dossier: Dossier, clock: Clock) -> View:
        """What controls see of it: nothing that is still to come."""
        known, due = coming.present(dossier, clock.now)
        if due:
            heapq.heappush(self._due, (due, key))
        return View(apart.home_of(key, dossier), known, self._thresholds)

    def _judge(self, key: str, dossier: Dossier, view: View, clock: Clock, controls: Asked) -> list[Verdict]:
        doubts = clock.doubts
        doubts.due, doubts.until, doubts.watched = 0, {}, set()
        verdicts = _asked(controls, view, clock)
        if dossier.heard:
            for voice, also in self._hearsay.doubted(key, dossier, view.dossier, clock):
                heard = _asked(controls, self._seen(key, also, clock), clock)
                verdicts = hearsay.beside(verdicts, heard, voice, clock)
        verdicts = apart.own_verdicts(view.key, key, dossier, verdicts)
        if dossier.ways:
            away = circles.spoken_of_elsewhere(key, dossier, {v.subject for v in verdicts})
            verdicts = [v for v in verdicts if v.subject not in away]
        verdicts = self._crowds.placed(key, verdicts, view)
        if doubts.due:
            heapq.heappush(self._due, (doubts.due, key))
        self._doubtful.note(key, doubts)
        return verdicts

    def _forward_to_crowds(self, key: str, dossier: Dossier, reports: list[Report], settled: Settled) -> None:
        """Tells what was said now to the crowds that it belongs to."""
        self._crowds.said(reports)
        to_crowds = gathered(crowds.to_crowds(key, dossier.reported))
        settled.forwards.extend(self._dossiers.also_unsent(key, to_crowds))

    def _changed_rows(self, key: str, view: View) -> list[Lifeline]:
        """Lifelines of the credentials about which something was learned since they were last told."""
        known = self._dossiers.rows(key)
        turned = known.get("") is not view.dossier.turns
        changed = [
            lifeline_of(view, name)
            for name, credential in view.credentials.items()
            if name and credential.kind != INFERRED and (turned or known.get(name) != credential)
        ]
        self._dossiers.wrote(key, {**view.credentials, "": view.dossier.turns})
        return changed


def _says_something(fact: Dossier) -> bool:
    return isinstance(fact, Dossier) and fact != EMPTY


def _asked(controls: Asked, view: View, clock: Clock) -> list[Verdict]:
    """What these controls say of a view, as it is told."""
    asked = controls.about(view.key, view.dossier)
    said = [verdict for control in asked for verdict in control.judge(view, clock)]
    if view.dossier.releases or view.dossier.exceptions:
        said = followed(controls.controls, said, view, clock)
    return [_as_reported(verdict, view, clock) for verdict in said]


def _lasts(kind: Kind | None, dossier: Dossier) -> bool:
    """Whether a dossier of which nothing is judged bears a mark that is to be told: that of a trace or of
    glimpses, which is gone in a day, is told to whom it is about."""
    return bool(dossier.marks) and (kind is None or not kind.age) and bool(dossier.members)


def _moved_out(key: str, dossier: Dossier, names: list[str], settled: Settled) -> Dossier:
    """The dossier without these credentials, which are told to dossiers of their own."""
    dossier, facts = apart.moved_out(key, dossier, names)
    settled.forwards.extend(facts)
    return dossier


def _of_another(key: str, dossier: Dossier) -> dict[str, Reported]:
    """What was said of an alias of which another identity speaks now: it stands, whatever is said here."""
    if not dossier.ways:
        return {}
    away = circles.spoken_of_elsewhere(key, dossier, {r.subject for r in dossier.reported.values()})
    return {uid: r for uid, r in dossier.reported.items() if r.subject in away}


def _not_stored(_: Dossier) -> bytes:
    return b""


def _standing(verdicts: list[Verdict], reported: dict[str, Reported]) -> list[Verdict]:
    """Of a dossier that is not wholly understood the verdicts that take nothing back: what is missing may be
    what was said before."""
    return [v for v in verdicts if v.value == "violated" or v.uid not in reported]


def _can_be_said(said: Reported, severity: int | None) -> bool:
    """Whether it is so still, by the severity of the verdict that is left (None: no verdict), or was taken
    back."""
    if severity is None:
        return not said.digest
    return severity > 0 or not said.severity


def _as_reported(verdict: Verdict, view: View, clock: Clock) -> Verdict:
    """As it is told: weighed by what is known of the identity, and under the exception that holds."""
    verdict = weighed(verdict, view)
    exception = exceptions.exception_of(verdict, view, clock)
    if exception is None:
        return verdict
    return frozen.changed(verdict, exception=exceptions.words(exception))
