"""Waiting: dossiers that are to be settled, and whose turn it is where they are too many for one settling.

Mostly all are settled at once. Where one source has taught of twenty thousand things in a moment, what others
taught does not wait behind them: those that wait stand in lines, and each line gets its share. Of a line that
is longer than its share half of the turn is for those who came last: nobody stands behind a crowd that came
before, and nobody waits for ever.

| line | who stands in it |
|---|---|
| declared | what an inventory names |
| known | what was settled before |
| new | what nobody had heard of, by the log that told of it |
| the voice | what only the word of others was learned of |
| the crowd | what was only told that its findings are of a crowd |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from schemas.dossier import Dossier
from schemas.providers import word_of

CROWD_LINE = "crowd"

DECLARED, KNOWN, NEW, HEARD = range(4)
"""How lines stand behind each other where room is left."""

Line = tuple[int, str]


class Waiting:
    """The keys of dossiers that wait, each once, in the order in which they came."""

    def __init__(self) -> None:
        self._why: dict[str, str] = {}
        self._new: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._why)

    def add(self, key: str) -> None:
        """Lets a dossier wait to be settled."""
        self._why[key] = ""

    def update(self, keys: Iterable[str]) -> None:
        """Lets each of them wait."""
        self._why.update(dict.fromkeys(keys, ""))

    def learned(self, key: str, fact: Dossier) -> None:
        """Lets a dossier wait that learned this fact."""
        if fact.heard and fact == Dossier(heard=fact.heard):
            self._why.setdefault(key, min(fact.heard))
        elif fact.crowded and fact == Dossier(crowded=fact.crowded):
            self._why.setdefault(key, CROWD_LINE)
        else:
            self._why[key] = ""

    def unheard_of(self, key: str) -> None:
        """Notes that nothing was known of a dossier until now."""
        self._new.add(key)

    def clear(self) -> None:
        """Forgets all."""
        self._why.clear()
        self._new.clear()

    def taken(self, most: int, dossier: Callable[[str], Dossier]) -> list[str]:
        """Removes and returns the keys of the dossiers whose turn it is, at most ``most`` of them, in
        order of key."""
        if len(self._why) <= most:
            turn = sorted(self._why)
            self._why = {}
        else:
            turn = sorted(self._shares(most, dossier))
            for key in turn:
                del self._why[key]
        self._new.difference_update(turn)
        return turn

    def _shares(self, most: int, dossier: Callable[[str], Dossier]) -> list[str]:
        lines: dict[Line, list[str]] = {}
        for key, why in self._why.items():
            lines.setdefault(self._line(key, why, dossier), []).append(key)
        share = max(1, most // len(lines))
        ends = [_both_ends(line, share) for _, line in sorted(lines.items())]
        turn = [key for now, _ in ends for key in now]
        rest = [key for _, later in ends for key in later]
        return (turn + rest)[:most]

    def _line(self, key: str, why: str, dossier: Callable[[str], Dossier]) -> Line:
        if why:
            return HEARD, why
        if dossier(key).stated:
            return DECLARED, word_of(key)
        if key in self._new:
            return NEW, f"{word_of(key)} {_teller(dossier(key))}"
        return KNOWN, word_of(key)


def _teller(dossier: Dossier) -> str:
    """Who first told of it, as far as one look shows: a log and its installation."""
    for credential in dossier.credentials.values():
        if credential.turns:
            return credential.turns[0].evidence.origin
        for sightings in credential.uses.values():
            return sightings.kept[0].origin
    return ""


def _both_ends(line: list[str], share: int) -> tuple[list[str], list[str]]:
    """Whose turn it is of a line: as many as its share, half of them who came last; and the others."""
    if len(line) <= share:
        return line, []
    early, late = share - share // 2, len(line) - share // 2
    return line[:early] + line[late:], line[early:late]
