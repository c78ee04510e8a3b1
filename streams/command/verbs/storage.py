"""The commands that look after what is stored: `rebuild`, `forget`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Data, Json, settings_of

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


@app.command(short_help="Delete what is stored of an identity.")
def forget(
    identity: Annotated[str, typer.Argument(metavar="IDENTITY", help="Its whole key, as findings show it.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nobody.")] = False,
    json: Json = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Delete activities, findings, assurance, credentials, notes and dossiers of an identity, under all its
    keys and those of its credentials; say what cannot be deleted. Stop the run first: what a worker holds in
    memory would be written again.

    A new record about the identity makes it known again, as one that nothing is known of: its ends are
    forgotten, too.

    \b
    Example:  gapwatch forget aws:111122223333:user/legacy-erp --dry-run
    """
    from streams.command.forgetting import forget as delete

    ask = typer.confirm if sys.stdin.isatty() else None
    delete(settings_of(config, data), identity, dry_run, yes, json, ask)
