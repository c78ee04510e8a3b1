"""Renewal: a stage takes new certificates and passwords from their files while the run goes on.

No client of Kafka or ClickHouse takes a new certificate once it is made. So a stage whose files have changed
ends in order, having finished what it holds, and is started again at once: that is no crash, and nothing is
lost by it. Tokens need none of it, for clients ask for them at each login (``streams.kafka.tokens``).
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from streams.site.settings import Settings
from streams.site.stage import Stage

RENEWED = 87
"""Exit code of a stage that says: not a crash, it is to be started again with what its files hold now."""
LOOK_SECONDS = 2.0
"""Between two looks. A change counts once it has stayed the same for two of them: a certificate and its key
are two files."""

BROKER = ("broker_ca_file", "broker_certificate", "broker_key", "broker_password_file")
CLICKHOUSE = ("clickhouse_ca_file", "clickhouse_certificate", "clickhouse_key", "clickhouse_password_file")
RECEIVER = ("certificate", "key", "client_ca", "senders")

log = logging.getLogger("gapwatch.stage")

Seen = dict[Path, tuple[int, int, int]]


def files_of(settings: Settings, stage: str) -> list[Path]:
    """Returns the files whose change makes this stage start again."""
    of_receiver = [f"{stage}_{word}" for word in RECEIVER] if stage.startswith("receive_") else []
    names = [*BROKER, *(CLICKHOUSE if stage == "deliver" else ()), *of_receiver]
    return [path for name in names if (path := getattr(settings, name, None))]


class Renewal:
    """Looks after the files of one stage, from when this is made on."""

    def __init__(self, files: list[Path]) -> None:
        self._files = files
        self._read = self._before = seen(files)

    def due(self) -> bool:
        """Says whether they are others than at the start, all there, and no longer being written."""
        now = seen(self._files)
        settled = now == self._before and len(now) == len(self._files)
        self._before = now
        return settled and now != self._read


def seen(files: list[Path]) -> Seen:
    """Returns what tells one content from another; links are followed, as those of mounted secrets are."""
    found: Seen = {}
    for path in files:
        try:
            state = path.stat()
        except OSError:
            continue
        found[path] = (state.st_ino, state.st_mtime_ns, state.st_size)
    return found


def watch(settings: Settings, stage: Stage) -> None:
    """Asks the stage to stop, from now on, when its files have changed; ``stage.renewed`` says so. Workers of
    one stage do so one after the other."""
    files = files_of(settings, stage.name)
    if not files:
        return
    renewal = Renewal(files)

    def look() -> None:
        while not stage.stopping.wait(LOOK_SECONDS * (1 + stage.worker)):
            if renewal.due():
                log.info("%s takes what is new in its files, and starts again", stage.name)
                stage.renewed = True
                stage.stopping.set()

    threading.Thread(target=look, name="renewal", daemon=True).start()
