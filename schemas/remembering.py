"""Remembering: what was worked out of a text is kept, for texts of ordinary length alone. Texts come from
others: a cache whose keys may have any length would be memory without bound.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Generic, ParamSpec, TypeVar, cast

LETTERS_MAX = 1_000
"""Letters of what is remembered: keys, names and addresses of vendors are a few hundred at most."""

P = ParamSpec("P")
T = TypeVar("T")


class _Memory(dict[str, T], Generic[T]):
    """Answers of ``function`` by its text; begun anew where there are ``most``."""

    def __init__(self, function: Callable[[str], T], most: int) -> None:
        super().__init__()
        self._function = function
        self._most = most

    def __missing__(self, text: str) -> T:
        answer = self._function(text)
        if len(text) <= LETTERS_MAX:
            if len(self) >= self._most:
                self.clear()
            self[text] = answer
        return answer


def remembered(most: int) -> Callable[[Callable[[str], T]], Callable[[str], T]]:
    """Makes a function of one text remember up to so many answers; asking again costs one look."""

    def of(function: Callable[[str], T]) -> Callable[[str], T]:
        return _Memory(function, most).__getitem__

    return of


def remembered_together(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Makes a function of several texts (or bytes), given by position, remember up to so many answers."""

    def of(function: Callable[P, T]) -> Callable[P, T]:
        plain: Callable[..., T] = function
        known: Callable[..., T] = lru_cache(maxsize=most)(plain)

        @wraps(function)
        def asked(*texts: Any) -> T:
            return (known if sum(map(len, texts)) <= LETTERS_MAX else plain)(*texts)

        return cast("Callable[P, T]", asked)

    return of
