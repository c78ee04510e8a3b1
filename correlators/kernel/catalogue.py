"""The catalogue: every control, found in the folder. A control is a module with ``CONTROL`` and ``judge``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
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
    found = [cast(Judge, module) for module in modules if hasattr(module, "CONTROL")]
    return {module.CONTROL.name: module for module in sorted(found, key=lambda m: m.CONTROL.name)}
