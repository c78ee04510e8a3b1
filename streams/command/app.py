"""The program that commands are added to, and how its `--help` groups them.

A command stands in a module of `streams/command/verbs`, whose `HEADING` says what it is for. A module that is
new there needs no other line: `streams.command.cli` finds it.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

HEADINGS = (
    "Run it",
    "Say what should be",
    "Read what was found",
    "Say what becomes of a finding",
    "Show it to others",
    "Look after what is stored",
    "Look something up",
)
"""The order of groups in `--help`; a heading that is not named here comes after them."""


class Commands(TyperGroup):
    """The group of all commands. Whoever stops reading early (`gapwatch findings | head`) sees no error."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was typed. A reader that closes the pipe early ends it without a
        complaint."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
            return answer
        except BrokenPipeError:
            # Python would complain once more when it flushes stdout at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Writes the commands into the help, grouped by what each is for."""
        groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in HEADINGS}
        limit = formatter.width - 6 - max(map(len, self.commands))
        for name, command in self.commands.items():
            groups.setdefault(_heading(command), []).append((name, command.get_short_help_str(limit)))
        for heading, rows in groups.items():
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)


def _heading(command: Any) -> str:
    """The `HEADING` of the module that defines a command, or the first command of a group."""
    while hasattr(command, "commands"):
        command = next(iter(command.commands.values()))
    return str(sys.modules[command.callback.__module__].HEADING)


app = typer.Typer(
    name="gapwatch",
    cls=Commands,
    help="Finds non-human identities that go on working after the records say they ended.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
