"""`gapwatch evidence`: writes a pack and says what is in it; or checks one."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from streams.command.listing import check_control
from streams.command.moments import since
from streams.evidence.ledger import Chosen
from streams.evidence.pack import checked, pack
from streams.evidence.statement import private_key, public_key
from streams.screen.show import Screen
from streams.site.errors import Stop
from streams.site.settings import Settings


def bar() -> Progress:
    """Returns a progress bar on stderr, which shows nothing where nobody looks."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Screen(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def write_pack(
    settings: Settings,
    out: Path,
    identity: str | None,
    control: str | None,
    moment: str | None,
    as_of: str | None,
    sign: Path | None,
) -> None:
    """Writes the pack and prints what it holds. Raises Stop for bad words, and where it cannot be written."""
    check_control(control)
    chosen = Chosen(
        identity or "", control or "", since(moment) if moment else 0, since(as_of) if as_of else 0
    )
    key = private_key(sign) if sign else None
    with bar() as shown_bar:
        task = shown_bar.add_task("rows", total=None)

        def progress(what: str, done: int, of: int) -> None:
            shown_bar.update(task, description=what, completed=done, total=of or None)

        packed = pack(settings, chosen, out, key, progress)
    counted = ", ".join(f"{count:,} {value}" for value, count in packed.values.items())
    print(f"{out}: {sum(packed.values.values()):,} rows ({counted}); {packed.events:,} events.")
    if packed.missing:
        print(
            f"{packed.missing:,} more events are named whose rows are not stored, or no longer; each is "
            "marked in assessment-results.json.",
            file=sys.stderr,
        )
    if key is None:
        print("The pack is not signed: --sign FILE signs it.", file=sys.stderr)


def check_pack(folder: Path, key: Path | None) -> None:
    """Prints that a pack is whole. Raises Stop, naming each file that is not what was packed."""
    wrong = checked(folder, public_key(key) if key else None)
    if wrong:
        raise Stop(f"{folder} is not the pack that was written: {'; '.join(wrong)}.")
    print(f"{folder} is whole{', and signed by this key' if key else '; --key FILE checks who signed it'}.")
