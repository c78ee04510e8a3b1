"""Lineage of credentials, read off stored dossiers: what was issued from what, and what of it still lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from correlators.kernel.knowledge.homes import homes_of
from correlators.kernel.routes.routing import forwarded_to, judged_elsewhere
from correlators.kernel.views.ends import off_intervals
from correlators.kernel.views.lifelines import lifeline_of
from correlators.kernel.views.thresholds import DEFAULTS, Thresholds
from correlators.kernel.views.view import View
from schemas.dossier import EMPTY, Child, Dossier
from schemas.evidence import iso
from schemas.lifeline import Lifeline, Moment
from schemas.naming import spoken
from schemas.sharding import are_siblings

HOPS_MAX = 16
"""Forwarding addresses, and generations up, that are followed: beyond any lineage on record; ends cycles."""

CHILDREN_SHOWN = 12
"""Children of a credential that was asked for, the latest issued: a busy key has thousands. Of their own
children a third of that, and so on down."""

BRANCH_SHOWN = 24
"""Credentials below one that was asked for: two screens, and what stands on them is about the finding."""

Load = Callable[[str], Dossier]


class Node(msgspec.Struct):
    """One credential of a lineage. ``edge``: how it hangs on its parent; ``state``: in words, as of now.

    ``alive``: whether it can still be used as far as anybody knows; ``until`` then (µs, 0: no known end).
    ``since``: the first end of it or of what it descends from (µs, 0: none). ``more``: children not shown.
    ``called``: its key, with the name that people know where the key does not hold it; ``holder``: its
    identity so, as a sentence calls it.
    """

    life: Lifeline
    edge: str
    state: str
    alive: bool
    names: tuple[str, ...] = ()
    until: int = 0
    since: int = 0
    children: list[Node] = []
    more: int = 0
    called: str = ""
    holder: str = ""

    def walk(self) -> Iterator[Node]:
        """Yields this node and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def shown(self) -> dict[str, Any]:
        """Returns the node and all below it as JSON, as ``gapwatch explain --json`` writes it."""
        return self.life.shown() | {
            "edge": self.edge or None,
            "state": self.state,
            "alive": self.alive,
            "alive_until": (iso(self.until) or None) if self.alive else None,
            "children": [child.shown() for child in self.children],
            "children_not_shown": self.more,
        }


class Family:
    """Credentials over all dossiers. ``load`` gives one, empty where none is stored; ``now`` in µs."""

    def __init__(self, load: Load, now: int, thresholds: Thresholds = DEFAULTS) -> None:
        self._load = load
        self._now = now
        self._thresholds = thresholds
        self._views: dict[str, View] = {}
        self._asked: set[str] = set()
        self._above: set[str] = set()
        """Names of all that the credentials that were asked for came from."""
        self._seen: set[str] = set()
        self._left = BRANCH_SHOWN

    def view(self, key: str) -> View:
        """Returns the dossier in which what is known under this key has come together."""
        start = key
        for _ in range(HOPS_MAX):
            if start in self._views:
                break
            dossier = self._load(start)
            if not judged_elsewhere(start, dossier):
                self._views[start] = View(start, dossier, self._thresholds)
                break
            start = forwarded_to(start, dossier)[0]
        return self._views.setdefault(key, self._views.get(start) or View(start, EMPTY, self._thresholds))

    def trees(self, identity: str, names: Iterable[str]) -> list[Node]:
        """Returns the lineages of these credentials: from the oldest known ancestor the way down to each, and
        all that came from them."""
        wanted: dict[tuple[str, str], None] = {}
        for name in names:
            if found := self._find(identity, name) or self._find(name, name):
                wanted.setdefault(found)
        roots = dict.fromkeys(self._root(*found) for found in wanted)
        self._asked = {name for found in wanted for name in self._names(*found)}
        # What its parent no longer lists stands alone.
        grown = [self._grow(home, name, "", 0, 0) for home, name in (*roots, *wanted)]
        return [node for node in grown if node]

    def _names(self, home: str, name: str) -> tuple[str, ...]:
        return (name, *self.view(home).credentials[name].names)

    def _find(self, home: str, name: str) -> tuple[str, str] | None:
        """The dossier and the name under which it keeps this credential, which may have several."""
        view = self.view(home)
        for kept, credential in view.credentials.items():
            if kept and (kept == name or name in credential.names):
                return view.key, kept
        return None

    def _root(self, home: str, name: str) -> tuple[str, str]:
        for _ in range(HOPS_MAX):
            parents = self.view(home).credentials[name].parents
            known = (self._find(link.identity or home, parent) for parent, link in sorted(parents.items()))
            up = next((found for found in known if found), None)
            if up is None:
                break
            home, name = up
            self._above.update(self._names(home, name))
        return home, name

    def _grow(self, home: str, name: str, edge: str, since: int, below: int) -> Node | None:
        """``since``: the first end of what it descends from (µs, 0: none). ``below``: how many generations
        below what was asked for, which is the first; 0 above it.
        """
        if name in self._seen:
            return None
        self._seen.add(name)
        below = 1 if name in self._asked else below + 1 if below else 0
        view = self.view(home)
        credential = view.credentials[name]
        life = lifeline_of(view, name)
        for ancestor in credential.ancestors.values():
            since = _first(since, *(off.start for off in off_intervals(ancestor.turns)))
        alive, until, state = self._state(life, bool(since))
        since = _first(since, life.died.time if life.died else 0)
        node = Node(life, edge, state, alive, credential.names, until, since, [])
        node.called = labelled(name, view.name_of(name))
        node.holder = spoken(view.key, view.name_of(view.key))
        children = self._children(credential.children)
        shown = self._shown(children, below)
        node.more = len(children) - len(shown)
        for child, link in shown:
            homes = homes_of(link.identity or home)
            found = next((at for each in homes if (at := self._find(each, child))), None)
            # An orphan by design is no residual of what made it.
            ended = 0 if link.edge == "made_by" else since
            grown = self._grow(*found, link.edge, ended, below) if found else None
            if grown:
                node.children.append(grown)
        return node

    def _children(self, children: Mapping[str, Child]) -> dict[str, Child]:
        """With those that stand in dossiers of siblings."""
        every = {name: link for name, link in children.items() if not are_siblings(name)}
        for name in children.keys() - every.keys():
            for credential in self._load(name).credentials.values():
                every |= self._children(credential.children)
        return every

    def _shown(self, children: Mapping[str, Child], below: int) -> list[tuple[str, Child]]:
        """The way down to what was asked for, and below that the latest others."""
        most = min(CHILDREN_SHOWN // 3 ** (below - 1), self._left) if below else 0
        latest = sorted(children, key=lambda name: (children[name].issued, name), reverse=True)[:most]
        self._left -= len(latest)
        wanted = self._asked | self._above | set(latest)
        return sorted(
            ((name, link) for name, link in children.items() if name in wanted),
            key=lambda item: (item[1].issued, item[0]),
        )

    def _state(self, life: Lifeline, orphaned: bool) -> tuple[bool, int, str]:
        if life.died and life.died.time <= self._now:
            return False, 0, f"cut: {life.died.note} at {iso(life.died.time)}" + _after(life)
        until = life.died.time if life.died else life.expires
        if until and until <= self._now:
            return False, 0, f"expired {iso(until)}"
        if orphaned:
            return True, until, f"residual until {iso(until)}" if until else "residual, no end is known"
        return True, until, f"still alive until {iso(until)}" if until else "still alive, no end is known"


def labelled(key: str, name: str) -> str:
    """Returns a key, with the name that people know behind it where the key does not hold it."""
    return f"{key} ({name})" if name and name not in key else key


def _first(*times: int) -> int:
    return min((time for time in times if time), default=0)


def _after(life: Lifeline) -> str:
    success: Moment | None = life.last_success
    if life.died and success and success.time > life.died.time:
        return f", yet succeeded at {iso(success.time)}"
    if life.died and life.last_use and life.last_use.time > life.died.time:
        return f", last try {life.last_use.note} at {iso(life.last_use.time)}"
    return ""
