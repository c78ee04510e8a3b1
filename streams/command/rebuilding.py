"""`gapwatch rebuild`: the dossiers of ClickHouse go back to the correlators, and are waited for."""

from __future__ import annotations

import time
from collections.abc import Callable

from streams.command.packing import bar
from streams.correlating.restore import restore, stored_keys
from streams.kafka import lag
from streams.site import datafolder
from streams.site.errors import NotRunning
from streams.site.settings import Settings

LOOK_SECONDS = 1.0
STANDS_SECONDS = 90.0
"""Correlate has joined nothing for so long: longer than it takes to start and to read its changelog."""


def rebuild(settings: Settings) -> int:
    """Sends every dossier, waits until correlate has taken them, and returns their number. Raises NotRunning
    where there is no broker, no ClickHouse, or no correlate that takes them."""
    settings = datafolder.attached(settings)
    if settings.broker is None:
        raise NotRunning(
            f"Nothing runs over {settings.data}, so there is no broker to send to. Start `gapwatch run`, or "
            "set GAPWATCH_BROKER."
        )
    total = stored_keys(settings)
    with bar() as shown:
        task = shown.add_task("dossiers sent", total=total)
        sent = restore(settings, lambda count: shown.update(task, completed=count))
        task = shown.add_task("messages to join", total=None)
        _taken(settings, lambda left: shown.update(task, description=f"{left:,} messages to join"))
    print(f"{sent:,} dossiers are back.")
    return sent


def _taken(settings: Settings, tell: Callable[[int], object]) -> None:
    """Waits until correlate has joined what is there now; more comes while a pipeline runs."""
    until = lag.ends(settings, "correlate")
    left, since = lag.behind(settings, "correlate", until=until), time.monotonic()
    while left:
        tell(left)
        if time.monotonic() - since > STANDS_SECONDS:
            raise NotRunning(
                f"All dossiers were sent, but {left:,} messages wait and correlate takes none. Does it run? "
                "`gapwatch doctor` says so; they are joined when it does."
            )
        time.sleep(LOOK_SECONDS)
        now = lag.behind(settings, "correlate", until=until)
        left, since = now, (time.monotonic() if now < left else since)
