"""Settings of how long what is stored is kept."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from streams.site.assurance import Durations
from streams.site.units import Duration

KEPT = frozenset(
    {"activities", "spans", "rejects", "credentials", "findings", "findings_history", "assurance"}
    | {"assurance_history", "notes"}
)
"""Tables whose rows may go after a time (`streams.clickhouse.retention`)."""
LEAST = timedelta(days=1)


class KeepingSettings(BaseSettings):
    """How long what is stored is kept (docs/operating.md)."""

    retention: Durations = Field(
        default_factory=dict,
        description="How long rows are kept, by table: a table from one of "
        f'{", ".join(sorted(KEPT))} to a time of a day or more, e.g. activities = "90d". Unset: as each '
        "table was made (docs/operating.md). A change applies when deliver starts.",
    )
    raw_retention: Duration = Field(
        timedelta(days=7),
        ge=timedelta(hours=1),
        description="How long a raw topic that gapwatch makes keeps its records; a raw record is needed "
        "until it is normalised, and is stored nowhere else. A week allows for a long weekend's outage.",
    )

    @field_validator("retention")
    @classmethod
    def _known_tables(cls, lengths: dict[str, timedelta]) -> dict[str, timedelta]:
        for name, kept in lengths.items():
            if name not in KEPT:
                raise ValueError(f"there is no table {name!r} among {', '.join(sorted(KEPT))}")
            if kept < LEAST:
                raise ValueError(f"{name} is kept for a day at least")
        return lengths
