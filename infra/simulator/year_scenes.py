"""Scenes: cases of the year whose records no routine writes, each with everybody in it made for it. A scene
writes whole records of its source, and declares who is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from infra.simulator.cases import CONTRADICTION
from infra.simulator.chance import Chance
from infra.simulator.year_case import MORE, YearCase
from infra.simulator.year_play import Did, Play
from infra.simulator.year_stage import Line
from schemas.sources import Context, sources

Sections = dict[str, list[dict[str, Any]]]
"""Records of an inventory, by their section."""


class Entry(NamedTuple):
    """One record: when (as steps say it), the id that its activity has ("" where the record holds none), and
    the record. ``mark``: what it is
    to the scene."""

    at: str
    uid: str
    record: Callable[[int], dict[str, Any]]
    mark: str = ""


class Who(NamedTuple):
    """Who is in a scene: whom it is about, what its finding is about, credentials, and what the inventory
    declares."""

    identity: str
    subject: str
    credentials: tuple[str, ...] = ()
    declared: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Scene(YearCase):
    """``who`` and ``entries`` are given a name that no other play has, ``entries`` its own chance besides.
    ``folder``: where its records go. ``sections``: what else is declared, given the times of steps (µs).
    ``early``: it begins in the first days of the year, for what it shows takes months."""

    who: Callable[[str], Who] = lambda name: Who("", "")
    entries: Callable[[str, Chance], Iterator[Entry]] = lambda name, chance: iter(())
    folder: str = ""
    sections: Callable[[str, Callable[[str], int]], Sections] = lambda name, at: {}
    early: bool = False


class ScenePlay(Play):
    """A scene, played on a day of the year."""

    def __init__(self, case: Scene, number: int, day: int, seed: int) -> None:
        super().__init__(case, number, day, seed)
        self._scene = case
        self._who = case.who(self.name)

    @property
    def identity(self) -> str:
        """The key of the identity that the scene is about."""
        return self._who.identity

    @property
    def subject(self) -> str:
        """What the finding is about."""
        return self._who.subject

    @property
    def credentials(self) -> list[str]:
        """Keys of the credentials in the scene."""
        return list(self._who.credentials)

    def do(self, step: Any, time: int) -> Did:
        """Raises, for a scene has no steps."""
        raise NotImplementedError("a scene tells whole records")

    def lines(self) -> list[tuple[str, Line]]:
        """Returns all lines that the scene writes, with their folder."""
        wrote: list[tuple[str, Line]] = []
        for entry in self._scene.entries(self.name, self.chance):
            time = self.at(entry.at)
            body = orjson.dumps(entry.record(time))
            uid = entry.uid or _uid_of(self._scene.source, body)
            self.events.append(uid)
            if entry.mark:
                self.marked[entry.mark].append((time, uid))
            line = Line(time, body, wrong=entry.mark in (CONTRADICTION, MORE))
            wrote.append((self._scene.folder or self._scene.source, line))
        return wrote

    def records(self) -> dict[str, list[dict[str, Any]]]:
        """Returns what the inventory declares of everybody in the scene."""
        also = self._scene.sections(self.name, self.at)
        return {"identities": list(self._who.declared), **also}


def _uid_of(source: str, body: bytes) -> str:
    """The id of a record that its source gives it."""
    return sources()[source].read(body, Context()).activities[0].uid


def declared(identity: str, **more: Any) -> dict[str, Any]:
    """Returns an identity as the inventory declares it."""
    return {"id": identity, "owner": "team-scenes", "environment": "prod", **more}
