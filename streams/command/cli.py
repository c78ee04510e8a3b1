"""The command line. The commands stand in `streams/command/verbs`, are found from the folder, and are thin:
each imports what it needs when it runs, so that the program starts fast.
"""

from __future__ import annotations

import logging
import sys
from importlib import import_module
from pkgutil import iter_modules

import typer

from streams.command import verbs
from streams.command.app import app
from streams.site.errors import Stop

__all__ = ["app", "main"]

for _module in iter_modules(verbs.__path__):
    import_module(f"{verbs.__name__}.{_module.name}")


def main() -> None:
    """Runs the command line; errors that people can act on are one or two lines without a traceback."""
    # Without it the clients' own log lines would stand between the answers; a run and its stages log to
    # files.
    logging.getLogger("gapwatch").addHandler(logging.NullHandler())
    try:
        app()
    except Stop as stop:
        typer.echo(str(stop), err=True)
        sys.exit(stop.code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
