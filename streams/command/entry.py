"""The console script: an interrupt while the command line is still being imported ends it without a
traceback.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line; Ctrl-C during the imports ends it with 130 and no traceback."""
    try:
        from streams.command import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)
