"""Stage `receive_cloudtrail`: a folder in which CloudTrail's objects appear, synchronised from its
bucket, to raw.cloudtrail.

Each object is taken once, by its path in the folder. One that is not complete yet waits for its rest.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from streams.files.limits import limits_of
from streams.files.reading import read
from streams.receivers.files.objects import Folder, too_large
from streams.receivers.files.remembered import Remembered
from streams.receivers.handover import Handover, Message
from streams.receivers.unfit import Unfit
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from streams.site.stage import Stage

SOURCE = "cloudtrail"
LOOK_SECONDS = 2.0
BATCH_BYTES = 4 * 2**20
BATCH_FILES = 200

log = logging.getLogger("gapwatch.receivers")


class CloudTrailReceiver:
    """Takes the objects of a folder in batches, and remembers those that Kafka has."""

    def __init__(
        self,
        handover: Handover,
        stage: Stage,
        folder: Folder,
        remembered: Remembered,
        topic: str,
        settings: Settings,
    ) -> None:
        self._handover = handover
        self._stage = stage
        self._folder = folder
        self._remembered = remembered
        self._topic = topic
        self._record_limit = settings.record_limit
        self._object_limit = settings.receive_cloudtrail_limit
        self._limits = limits_of(settings)
        self._batch: list[Message] = []
        self._size = 0
        self._complete: list[str] = []

    def run(self) -> None:
        """Returns when the stage is to stop; what Kafka has not by then is taken at the next start."""
        complained = False
        while not self._stage.stopping.is_set():
            try:
                if not self._stage.intake_closed():
                    self._take_fresh()
                complained = False
            except OSError as error:
                if not complained:
                    log.error("%s cannot be looked through: %s; trying on", error.filename, error.strerror)
                complained = True
            self._stage.stopping.wait(LOOK_SECONDS)

    def _take_fresh(self) -> None:
        for found in self._folder.fresh():
            for message in self._messages(found.path):
                self._batch.append(message)
                self._size += len(message.body)
                if self._size >= BATCH_BYTES and not self._hand_over():
                    return
            self._complete.append(found.key)
            if len(self._complete) >= BATCH_FILES and not self._hand_over():
                return
            if self._stage.intake_closed():
                break
        self._hand_over()

    def _hand_over(self) -> bool:
        """False where it is time to stop."""
        if not self._handover.take(self._batch, self._stage.stopping):
            return False
        self._remembered.add(self._complete)
        self._batch, self._size, self._complete = [], 0, []
        return True

    def _messages(self, path: Path) -> Iterator[Message]:
        if unfit := too_large(path, self._object_limit):
            yield self._handover.reject(unfit, self._topic)
            return
        for piece in read(path, self._record_limit, self._limits):
            if piece.trouble:
                unfit = Unfit.of(piece.content, piece.trouble, piece.place, piece.line)
                yield self._handover.reject(unfit, self._topic)
            else:
                yield Message(self._topic, piece.content)


def main(settings: Settings, stage: Stage) -> None:
    """Takes objects until `stage.stopping` is set. Raises SettingsError, NotRunning."""
    root = settings.receive_cloudtrail
    if root is None or not root.is_dir():
        raise SettingsError(
            f"Setting receive_cloudtrail: there is no folder {root}. Make it, or name another."
        )
    remembered = Remembered(settings.data / "receivers" / "cloudtrail.sqlite")
    handover = Handover(settings, stage.name)
    try:
        topic = handover.topic(SOURCE, None)
        folder = Folder(root.absolute(), remembered, settings.receive_cloudtrail_limit)
        stage.ready()
        CloudTrailReceiver(handover, stage, folder, remembered, topic, settings).run()
    finally:
        handover.close()
        remembered.close()
