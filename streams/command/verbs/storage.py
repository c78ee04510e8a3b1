"""The commands that look after what is stored: `rebuild`."""

from __future__ import annotations

from streams.command.app import app
from streams.command.options import Config, Data, settings_of

HEADING = "Look after what is stored"


@app.command(short_help="Bring back what Kafka has lost, from ClickHouse.")
def rebuild(config: Config = None, data: Data = None) -> None:
    """Send every dossier that ClickHouse holds back to the correlators, while the pipeline runs: after Kafka
    lost its topics, or under another topic_prefix with another number of partitions.

    Nothing is judged until all of them are back, so no finding opens or closes by it and none is told twice.
    `gapwatch run` does the same by itself where the topic of facts is new. Where nothing was lost, nothing
    changes.

    \b
    Example:  gapwatch rebuild
    """
    from streams.command.rebuilding import rebuild as bring_back

    bring_back(settings_of(config, data))
