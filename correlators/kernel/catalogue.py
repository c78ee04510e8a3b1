"""The catalogue: every control, found in the folder. A control is a module with ``CONTROL`` and ``judge``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Protocol, cast

import correlators
from correlators.kernel.views.view import View
from schemas.verdict import Clock, Control, Verdict


class Judge(Protocol):
    """The module of a control."""

    CONTROL: Control

    @staticmethod
    def judge(view: View, clock: Clock) -> Iterator[Verdict]:
        """Yields what this control says of one identity at one time. It is pure, and asks for another look by
        ``clock.past(…)``."""


@cache
def controls() -> dict[str, Judge]:
    """Returns every control by its name, in order of name."""
    modules = (
        importlib.import_module(f"correlators.{module.name}")
        for module in pkgutil.iter_modules(correlators.__path__)
        if not module.ispkg
    )
    named = [module for module in modules if hasattr(module, "CONTROL")]
    for module in named:
        if module.CONTROL.name != module.__name__.rpartition(".")[2]:
            raise TypeError(f"{module.__file__}: CONTROL.name is the file's name, not {module.CONTROL.name}")
    found = [cast(Judge, module) for module in named]
    return {module.CONTROL.name: module for module in sorted(found, key=lambda m: m.CONTROL.name)}


def followed(controls: Mapping[str, Judge], said: list[Verdict], view: View, clock: Clock) -> list[Verdict]:
    """Returns what is said after those controls have looked at it that rest on what others say: beside
    ``judge`` they have ``follow(view, clock, said, bound)``, with the names of the controls whose proofs a
    release ends, and return what is said in the end."""
    bound = frozenset(name for name, control in controls.items() if control.CONTROL.bound)
    for control in controls.values():
        follow = getattr(control, "follow", None)
        if follow is not None:
            said = follow(view, clock, said, bound)
    return said
