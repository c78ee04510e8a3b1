"""Stage `receive_files`: log files that are followed, each to the raw topic of its source."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from pathlib import Path
from typing import NamedTuple

from streams.receivers.files.marks import MarkFile
from streams.receivers.files.tail import FileTail, Polled
from streams.receivers.handover import Handover, Message
from streams.site.errors import SettingsError
from streams.site.receivers import INSTANCE
from streams.site.settings import Settings
from streams.site.stage import Stage

POLL_SECONDS = 0.25
"""Between two looks at files that do not grow."""
COMPLAIN_SECONDS = 60.0
"""Between two words about a file that cannot be read."""

log = logging.getLogger("gapwatch.receivers")


class Wish(NamedTuple):
    """A file to follow and what it holds."""

    source: str
    instance: str | None
    path: Path


def parse_wish(text: str) -> Wish:
    """Returns what is to be followed, from a text like `vault.prod=/var/log/vault/audit.log`. Raises
    SettingsError."""
    from schemas.sources import sources

    name, equals, path = text.partition("=")
    source, dot, instance = name.strip().partition(".")
    if not equals or not path.strip():
        raise SettingsError(f"Setting receive_files: write SOURCE[.INSTANCE]=/path, not {text!r}.")
    if source not in sources():
        raise SettingsError(
            f"Setting receive_files: there is no source {source!r}. There are {', '.join(sorted(sources()))}."
        )
    if dot and not re.match(INSTANCE, instance):
        raise SettingsError(
            f"Setting receive_files: the instance {instance!r} cannot stand in a topic name: use letters, "
            "digits, '.', '_' and '-'."
        )
    return Wish(source, instance or None, Path(path.strip()).absolute())


def marks_of(settings: Settings, wish: Wish) -> MarkFile:
    """Returns the file that says how far a file was taken."""
    digest = hashlib.sha256(str(wish.path).encode()).hexdigest()[:16]
    return MarkFile(settings.data / "receivers" / f"{wish.source}-{digest}.json")


class FilesReceiver:
    """Follows files by turns, and reads on in a file once Kafka has what was read of it."""

    def __init__(self, handover: Handover, stage: Stage) -> None:
        self._handover = handover
        self._stage = stage
        self._tails: list[tuple[FileTail, str]] = []
        self._complained: dict[Path, float] = {}

    def add(self, tail: FileTail, topic: str) -> None:
        """Adds a file or pattern to follow, with the raw topic for its lines."""
        self._tails.append((tail, topic))

    def run(self) -> None:
        """Returns when the stage is to stop; what Kafka has not by then is read again at the next start."""
        stopping = self._stage.stopping
        while not stopping.is_set():
            progressed = False
            if not self._stage.intake_closed():
                for tail, topic in self._tails:
                    progressed = self._turn(tail, topic) or progressed
            if not progressed:
                stopping.wait(POLL_SECONDS)
        for tail, _ in self._tails:
            tail.close()

    def _turn(self, tail: FileTail, topic: str) -> bool:
        """One chunk of one file; whether there was any."""
        try:
            polled = tail.poll()
        except OSError as error:
            self._complain(tail.path, error)
            return False
        if not self._handover.take(self._messages(polled, topic), self._stage.stopping):
            return False
        tail.taken(polled)
        return tail.progressed

    def _messages(self, polled: Polled, topic: str) -> list[Message]:
        messages = []
        for _, lines in polled:
            for line in lines:
                if line.unfit:
                    messages.append(self._handover.reject(line.unfit, topic))
                elif line.content:
                    messages.append(Message(topic, line.content))
        return messages

    def _complain(self, path: Path, error: OSError) -> None:
        now = time.monotonic()
        if now - self._complained.get(path, -COMPLAIN_SECONDS) >= COMPLAIN_SECONDS:
            self._complained[path] = now
            log.error("%s cannot be followed: %s; trying on", path, error.strerror or error)


def main(settings: Settings, stage: Stage) -> None:
    """Follows until `stage.stopping` is set. Raises SettingsError, NotRunning."""
    wishes = [parse_wish(text) for text in settings.receive_files or ()]
    if len({wish.path for wish in wishes}) < len(wishes):
        raise SettingsError("Setting receive_files: a file is named twice.")
    handover = Handover(settings, stage.name)
    try:
        receiver = FilesReceiver(handover, stage)
        for wish in wishes:
            tail = FileTail(wish.path, marks_of(settings, wish), settings.record_limit)
            receiver.add(tail, handover.topic(wish.source, wish.instance))
        stage.ready()
        receiver.run()
    finally:
        handover.close()
