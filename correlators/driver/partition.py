"""Partition: facts and time in, reports out. The running pipeline, a replay and the tests all use it.

Pure but for its memory: it has no clock, no broker and no file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from correlators.driver.watch import clock_at, heard, watch_key
from correlators.kernel.caps import DOSSIER_BYTES_MAX
from correlators.kernel.catalogue import Judge
from correlators.kernel.correlator import Correlator, Settled
from correlators.kernel.knowledge.join import join
from correlators.kernel.routes.apart import CREDENTIALS_MAX
from correlators.kernel.routes.siblings import CHILDREN_MAX
from correlators.kernel.stored import known_by
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from schemas.authority import PAGES_ONLY, Authority
from schemas.dossier import EMPTY, Dossier
from schemas.fact import WATCH, Fact, Tick
from schemas.stored import encode

WARM_KEYS = 200
"""Stored dossiers that are taken up again per settling after a start: what fell due meanwhile is judged
within minutes, and fresh evidence does not wait behind them."""


def _itself(topic: str) -> str:
    return topic


@dataclass(frozen=True)
class Judging:
    """What every partition of a site judges by.

    ``bytes_max``: of one dossier; None: any size, and dossiers are not stored. ``paced``: reports that
    only add evidence are sent at a bounded rate. ``source_of``: gives the source of a raw topic.
    ``authority``: what is believed beyond the pages of providers. ``credentials_max``: beyond so many
    ended credentials some move out (``correlators.kernel.routes.apart``). ``children_max``: of one
    credential (``correlators.kernel.routes.siblings``).
    """

    controls: Mapping[str, Judge]
    thresholds: Thresholds = DEFAULTS
    bytes_max: int | None = DOSSIER_BYTES_MAX
    paced: bool = False
    source_of: Callable[[str], str] = field(default=_itself)
    authority: Authority = PAGES_ONLY
    credentials_max: int = CREDENTIALS_MAX
    children_max: int = CHILDREN_MAX


class Partition:
    """One partition of the dossiers: what is known, what the sources have shown, and the time. ``load``
    gives the bytes of a stored dossier, or None; ``stored`` are the keys of the dossiers that can be
    loaded."""

    def __init__(
        self,
        judging: Judging,
        number: int = 0,
        load: Callable[[str], bytes | None] = lambda key: None,
        stored: Iterable[str] = (),
    ) -> None:
        self._judging = judging
        self._key = watch_key(number)
        self._cold = [key for key in stored if not key.startswith(WATCH)]
        self._correlator = Correlator(
            judging.controls,
            load,
            judging.bytes_max,
            judging.paced,
            judging.thresholds,
            judging.authority,
            judging.credentials_max,
            judging.children_max,
        )
        body = load(self._key)
        self._watch = known_by(body) if body else EMPTY
        self._kept: object = None
        self._now = 0
        self._hold = 0

    def __len__(self) -> int:
        return len(self._correlator)

    def keys(self) -> Iterable[str]:
        """Returns the keys of all dossiers of this partition."""
        return self._correlator.keys()

    def dossier(self, key: str) -> Dossier:
        """Returns the dossier of a key: of an identity, or of whatever else the key names."""
        return self._correlator.dossier(key)

    def take(self, facts: Iterable[Fact], tick: Tick | None = None) -> None:
        """Joins facts, and takes note of the time."""
        self._correlator.take(self._own(facts))
        if tick:
            self._now = max(self._now, tick.now)
            self._watch = join(self._watch, heard(tick))

    def hold(self, until: int) -> None:
        """Judges nothing until then (µs), by the ticks; a time that has passed ends it."""
        self._hold = until

    def hasten(self) -> None:
        """Stops holding reports back: the next settling gives all of them."""
        self._correlator.hasten()

    @property
    def timed(self) -> bool:
        """Whether there is a time to judge at: a tick has come, and nothing is held back. Without it nothing
        is settled."""
        return bool(self._now) and self._now >= self._hold

    @property
    def behind(self) -> bool:
        """Says whether something waits for another settling."""
        return self._correlator.behind

    def settle(self, most: int = sys.maxsize) -> Settled:
        """Returns everything that is to be forwarded, reported and stored now."""
        if not self.timed:
            return Settled()
        for key in self._cold[-WARM_KEYS:]:
            self._correlator.dossier(key)
        del self._cold[-WARM_KEYS:]
        clock = clock_at(self._now, self._watch.watch, self._judging.source_of)
        settled = self._correlator.settle(clock, most)
        known = clock.seen, {source: watch.days for source, watch in self._watch.watch.items()}
        if self._watch is not EMPTY and known != self._kept:
            # By itself a tick is not worth a write: where a worker starts again, the next one tells as much.
            self._kept = known
            settled.dossiers[self._key] = encode(self._watch)
        return settled

    def _own(self, facts: Iterable[Fact]) -> Iterable[Fact]:
        for key, fact in facts:
            if key.startswith(WATCH):
                self._watch = join(self._watch, fact)
            else:
                yield key, fact
