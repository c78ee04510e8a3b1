"""What `gapwatch declare` does for people: it says what would change, asks, and sends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from streams.command.declare import Declared, entries_in, messages_of, send
from streams.command.preview import preview
from streams.command.previewed import Preview
from streams.command.replacing import replacing
from streams.command.replay_key import replay_key
from streams.site.context import Site, site_of
from streams.site.errors import NotRunning, Stop
from streams.site.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "infra" / "inventory.example.yaml"
"""The commented example, as docs/inventory.md shows it."""


def declare(
    settings: Settings,
    paths: Sequence[str],
    dry_run: bool = False,
    yes: bool = False,
    replace: bool = False,
    ask: Callable[[str], bool] | None = None,
) -> None:
    """Says what the files change, and sends them. ``ask``: how to ask whoever sits there; None: nobody does.

    Raises Stop where a file is wrong, and where a finding of high or above would close and nobody said yes.
    """
    messages = messages_of(paths)
    if replace:
        messages = replacing(settings, messages)
    declare_messages(settings, messages, dry_run, yes, ask)


def declare_messages(
    settings: Settings,
    messages: list[Declared],
    dry_run: bool = False,
    yes: bool = False,
    ask: Callable[[str], bool] | None = None,
) -> None:
    """Says what the messages change, and sends them; see ``declare``."""
    found = _foreseen(settings, messages)
    count = entries_in(messages)
    if found is not None:
        for line in (*found.lines(), *found.warnings()):
            print(line, file=sys.stderr)
    if dry_run:
        print(f"All is well: {count:,} entries. Nothing was declared.", file=sys.stderr)
        return
    grave = sum(change.closes_grave for change in found.changes) if found else 0
    if grave and not yes:
        question = f"{grave:,} findings of high or above close by it. Declare it?"
        if ask is None:
            raise Stop(f"{question} Nothing was declared; --yes does.")
        if not ask(question):
            raise Stop("Nothing was declared.")
    send(settings, messages)
    print(f"Declared {count:,} entries.", file=sys.stderr)


def _foreseen(settings: Settings, messages: list[Declared]) -> Preview | None:
    """What would change; None where nobody can say."""
    try:
        return preview(settings, _site(settings), messages)
    except NotRunning as error:
        print(f"What it changes cannot be said. {error}", file=sys.stderr)
        return None


def _site(settings: Settings) -> Site:
    return site_of(settings, replay_key(settings, ()))
