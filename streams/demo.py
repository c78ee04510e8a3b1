"""The demo stage: the bundled sample logs through the raw topics, at a pace that eyes can follow."""

from __future__ import annotations

import logging
from importlib.resources import files as packaged
from pathlib import Path

from schemas.sources import detect
from streams.declare import declarations, is_declaration
from streams.paths import Reader, files
from streams.producing import RawProducer
from streams.settings import Settings
from streams.stage import Stage

PLAY_SECONDS = 40.0
"""Length of the play: under a minute with the time that the last findings take."""

log = logging.getLogger("gapwatch.demo")


def samples() -> Path:
    """Folder of the sample logs and the inventory that belongs to them."""
    return Path(str(packaged("infra"))) / "samples"


def main(settings: Settings, stage: Stage) -> None:
    """Declares the samples' inventory, then sends their records in the order of the files."""
    found = list(files([str(samples())]))
    stage.ready()
    declared = [(d.source, d.content) for path in found if is_declaration(path) for d in declarations(path)]
    reader = Reader(detect, settings.record_limit)
    records = [
        (source, piece.content)
        for path in found
        if not is_declaration(path)
        for source, piece in reader.read(path, named=False)
        if piece.content
    ]
    RawProducer(settings, stage.run_folder).send_all(declared)
    producer = RawProducer(settings, stage.run_folder, speed=max(len(records) / PLAY_SECONDS, 1.0))
    for source, content in records:
        if stage.stopping.is_set():
            break
        producer.send(source, content)
    producer.finish()
    log.info("the samples were sent: %d declarations, %d records", len(declared), producer.sent)
