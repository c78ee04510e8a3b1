"""The demo stage: the bundled sample logs through the raw topics, at a pace that eyes can follow."""

from __future__ import annotations

import logging
import tomllib
from dataclasses import dataclass
from importlib.resources import files as packaged
from pathlib import Path

from schemas.sources import detect
from streams.command.declare import INVENTORY, declarations
from streams.files.paths import Reader
from streams.kafka.producing import RawProducer
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.site.stage import Stage

PLAY_SECONDS = 40.0
"""Length of the play: under a minute with the time that the last findings take."""

log = logging.getLogger("gapwatch.demo")


@dataclass(frozen=True)
class Sample:
    """One file of the samples, as their manifest names it."""

    path: Path
    source: str
    instance: str | None


def samples() -> Path:
    """Returns the folder of the sample logs and of the inventory that belongs to them."""
    return Path(str(packaged("infra"))) / "samples"


def listed(folder: Path) -> list[Sample]:
    """Returns the samples in the order of their manifest. Raises Stop where there is none."""
    manifest = folder / "manifest.toml"
    try:
        entries = tomllib.loads(manifest.read_text(encoding="utf-8"))["file"]
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        raise Stop(f"The sample logs are not there: {manifest} cannot be read.", code=2) from None
    # An instance that is named default is what a record has without any.
    return [
        Sample(folder / entry["path"], entry["source"], _named(entry.get("instance"))) for entry in entries
    ]


def _named(instance: str | None) -> str | None:
    return None if instance in (None, "default") else instance


def main(settings: Settings, stage: Stage) -> None:
    """Declares the samples' inventory, then sends their records, all sources side by side."""
    found = listed(samples())
    stage.ready()
    producer = RawProducer(settings, stage.run_folder)
    for sample in found:
        if sample.source == INVENTORY:
            producer.send_all((message.source, message.content) for message in declarations(sample.path))
    records = side_by_side(settings, [sample for sample in found if sample.source != INVENTORY])
    player = RawProducer(settings, stage.run_folder, speed=max(len(records) / PLAY_SECONDS, 1.0))
    for sample, content in records:
        if stage.stopping.is_set():
            break
        player.send(sample.source, content, sample.instance)
    player.finish()
    log.info("the samples were sent: %d declarations, %d records", producer.sent, player.sent)


def side_by_side(settings: Settings, found: list[Sample]) -> list[tuple[Sample, bytes]]:
    """Returns all records, those of one source in their order, spread evenly over the whole play."""
    reader = Reader(detect, settings.record_limit)
    by_source: dict[str, list[tuple[Sample, bytes]]] = {}
    for sample in found:
        contents = (piece.content for _, piece in reader.read(sample.path, named=False) if piece.content)
        by_source.setdefault(sample.source, []).extend((sample, content) for content in contents)
    placed = (
        (index / len(records), source, record)
        for source, records in by_source.items()
        for index, record in enumerate(records)
    )
    return [record for _, _, record in sorted(placed, key=lambda item: item[:2])]
