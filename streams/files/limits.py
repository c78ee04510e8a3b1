"""What one file may be: size of a document, expansion, records and time."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from streams.site.settings import Settings


class FileLimits(NamedTuple):
    """Bytes of one JSON document that is not JSON lines (it is decoded as a whole, at some five times its
    size), unpacked bytes for each packed one, records, and time of reading."""

    document: int
    expansion: int
    records: int
    time: timedelta


def limits_of(settings: Settings) -> FileLimits:
    """Returns those of these settings."""
    return FileLimits(
        settings.file_document_limit,
        settings.file_expansion_limit,
        settings.file_records_limit,
        settings.file_time_limit,
    )


DEFAULTS = limits_of(Settings.model_construct())
"""Of a replay, which has no settings."""
