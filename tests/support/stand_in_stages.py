"""Runs `gapwatch run` with stand-ins for the stages, so that the supervisor is tested alone.

`python -m tests.support.stand_in_stages run …` is the command line, `… stage NAME` one stage. The file `acts`
in the data folder says by stage how its stand-in behaves: `crash` ends it at once, `deaf` ignores SIGTERM,
`wrong` ends it as a wrong setting does, `dawdle` never becomes ready. The broker is the real one.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable

from streams.command import cli
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from streams.site.stage import Stage
from streams.supervision import stages
from streams.supervision.process import StageProcess

MODULE = "tests.support.stand_in_stages"


def main(settings: Settings, stage: Stage) -> None:
    """A stage that notes each of its starts and otherwise waits, or acts up."""
    with (settings.data / "starts").open("a") as starts:
        starts.write(f"{stage.name} {stage.worker} {stage.broker_id}\n")
    try:
        act = json.loads((settings.data / "acts").read_text()).get(stage.name, "")
    except FileNotFoundError:
        act = ""
    acts: dict[str, Callable[[], None]] = {"crash": crash, "wrong": wrong, "deaf": deaf}
    if act in acts:
        acts[act]()
    if stage.name == "restore":
        return
    if act != "dawdle":
        stage.ready()
    if act == "deaf":
        while True:
            time.sleep(3600)
    stage.stopping.wait()


def crash() -> None:
    """As clients of Kafka do it: with a thread left behind that never ends."""
    threading.Thread(target=threading.Event().wait).start()
    logging.getLogger("gapwatch.stand_in").error("the stand-in is about to crash")
    raise RuntimeError("an act of the stand-in")


def wrong() -> None:
    raise SettingsError("a setting that no restart can help")


def deaf() -> None:
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)


if __name__ == "__main__":
    StageProcess.command = (sys.executable, "-m", MODULE, "stage")
    if sys.argv[1] == "stage":
        del sys.argv[1]
        for name in stages.ENTRY:
            if name != "broker":
                stages.ENTRY[name] = f"{MODULE}:main"
        stages.main()
    else:
        cli.main()
