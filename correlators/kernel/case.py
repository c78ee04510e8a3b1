"""Small cases of a control, beside its rule: raw records in, the value of its verdict out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.verdict import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case of a control. ``says``: what it shows, as a sentence. ``records``: vendors' records, each with
    its source. ``value``: of the control's verdict a day after the last record; None: it says nothing.
    ``finding``: whether a finding stands behind it."""

    says: str
    records: tuple[tuple[str, Mapping[str, Any]], ...]
    value: Value | None
    finding: bool = False
