"""Settings of assurance (docs/assurance.md): for how long a proof is good, how far a source may be behind."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from correlators.kernel.catalogue import controls
from schemas.sources import sources
from streams.site.units import Duration, parse_duration


def _parse_table(value: Any) -> Any:
    """A table of durations, or its JSON: variables hold no tables."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError('write a JSON object, like {"NAME": "2h"}') from None
    if not isinstance(value, dict):
        return value
    return {name: parse_duration(length) for name, length in value.items()}


Durations = Annotated[dict[str, timedelta], NoDecode, BeforeValidator(_parse_table)]


class AssuranceSettings(BaseSettings):
    """What time makes of a proof."""

    freshness: Durations = Field(
        default_factory=dict,
        description="For how long a proof of a control is good, where it is not to be what the control says "
        "(view controls): a table from control to duration, e.g. "
        '{"revoked_credential_used": "180d"}; 0 means for good. An older proof counts as assumed in the view '
        "ledger.",
    )
    source_lag: Duration = Field(
        timedelta(hours=24),
        description="How far a source may be behind until what hangs on it counts as assumed, and no longer "
        "as proven, in the view ledger. A day "
        "holds the slowest delivery that is documented and a quiet night.",
        ge=timedelta(minutes=1),
    )
    source_lags: Durations = Field(
        default_factory=dict,
        description="The same for single sources: a table from source to duration.",
    )

    @field_validator("freshness")
    @classmethod
    def _of_controls(cls, table: dict[str, timedelta]) -> dict[str, timedelta]:
        return _known(table, controls(), "control")

    @field_validator("source_lags")
    @classmethod
    def _of_sources(cls, table: dict[str, timedelta]) -> dict[str, timedelta]:
        return _known(table, sources(), "source")


def _known(table: dict[str, timedelta], names: Any, what: str) -> dict[str, timedelta]:
    for name, length in table.items():
        if name not in names:
            raise ValueError(f"there is no {what} {name!r}")
        if length < timedelta(0):
            raise ValueError(f"the duration of {name} is negative")
    return table
