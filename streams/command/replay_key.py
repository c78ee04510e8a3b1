"""The key under which a replay masks secrets.

The site's, where a setting says it or the data folder holds it: then masks meet those of the pipeline. Else a
key of this run's own. It is derived from all bytes that are read, so that equal input gives equal output;
whoever has the output alone cannot try guesses against it. What can be read but once (standard input, a pipe)
gets a key by chance.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from streams.files.paths import STANDARD_INPUT, files
from streams.site.settings import Settings
from streams.site.sitekey import KEY_BYTES, KEY_FILE, site_key

_LABEL = b"gapwatch: key of a replay, version 1"


def replay_key(settings: Settings, paths: Iterable[str], written: Iterable[Path | None] = ()) -> bytes:
    """Returns the key with which a replay masks secrets. ``written``: files that the replay writes
    itself, which are no input. Raises Stop for a path that does not exist and for a site's key that
    cannot be used."""
    named = "data" in settings.model_fields_set
    if settings.hmac_key is not None or (named and os.path.lexists(settings.data / KEY_FILE)):
        return site_key(settings)
    digests = set(_digests(paths, {path.resolve() for path in written if path}))
    if None in digests:
        return secrets.token_bytes(KEY_BYTES)
    return hashlib.sha256(_LABEL + b"".join(sorted(digest for digest in digests if digest))).digest()


def _digests(paths: Iterable[str], written: set[Path]) -> Iterator[bytes | None]:
    for path in files(paths):
        if str(path) == STANDARD_INPUT or not stat.S_ISREG(path.stat().st_mode):
            yield None
        elif path.resolve() not in written:
            with path.open("rb") as content:
                yield hashlib.file_digest(content, "sha256").digest()
