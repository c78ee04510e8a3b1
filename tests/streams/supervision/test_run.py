"""The supervisor: order, readiness, restarts, stopping, and no orphans however it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.site import datafolder
from streams.site.errors import SettingsError, Stop
from streams.site.settings import Settings
from streams.supervision.run import _names, data_option, program
from tests.support.waiting import wait_for

ROOT = Path(__file__).parents[3]
FREE_PORTS = {"GAPWATCH_BROKER_PORT": "0", "GAPWATCH_SQL_PORT": "0", "GAPWATCH_METRICS_PORT": "0"}

Run = subprocess.Popen[bytes]
Start = Callable[..., Run]
ONE = ("--only", "broker,deliver")
"""Two stages start in half the time of all."""


@pytest.fixture
def start(data: Path, spawned: list[Run]) -> Start:
    """Starts a run with stand-in stages; `acts` says how they behave, more keywords are settings."""

    def starting(*arguments: str, acts: dict[str, str] | None = None, **settings: str) -> Run:
        data.mkdir(exist_ok=True, mode=0o700)
        if acts is not None:
            (data / "acts").write_text(json.dumps(acts))
        environment = os.environ | FREE_PORTS | {f"GAPWATCH_{k.upper()}": v for k, v in settings.items()}
        with (data / "shown").open("ab") as shown:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.stand_in_stages", "run", f"--data={data}", *arguments],
                env=environment,
                cwd=ROOT,
                stdout=shown,
                stderr=shown,
            )
        spawned.append(process)
        return process

    return starting


def shown(data: Path) -> str:
    return (data / "shown").read_text()


def starts(data: Path) -> list[str]:
    try:
        return (data / "starts").read_text().splitlines()
    except FileNotFoundError:
        return []


def up(data: Path) -> None:
    wait_for(lambda: "Running: " in shown(data), "the run to be up")


def children(pid: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def stages_of(run: Run) -> dict[str, int]:
    """Pid by stage name of the run's own processes."""
    found = {}
    for pid in children(run.pid):
        asked = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        arguments = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
        if name := re.search(r" stage (\w+)", arguments):
            found[name[1]] = pid
    return found


def alive(pid: int) -> bool:
    """False for a zombie too: whoever adopts orphans here may be slow to bury them."""
    listed = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(listed.stdout.strip()) and not listed.stdout.startswith("Z")


def tansu_of(broker: int) -> int:
    return children(broker)[0]


def test_stages_start_in_order_each_when_the_one_before_is_ready(data: Path, start: Start) -> None:
    start()
    up(data)
    names = [line.split()[0] for line in starts(data)]
    assert sorted(names) == ["correlate", "deliver", "normalise", "restore"]
    assert names.index("deliver") < names.index("restore") < names.index("normalise")


def test_ctrl_c_stops_everything_with_exit_code_0(data: Path, start: Start) -> None:
    run = start()
    up(data)
    pids = [*stages_of(run).values(), tansu_of(stages_of(run)["broker"])]
    assert len(pids) == 5
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 0
    assert not [pid for pid in pids if alive(pid)]
    assert "Traceback" not in shown(data)


def test_ctrl_c_before_everything_is_up_stops_it_too(data: Path, start: Start) -> None:
    run = start(*ONE, acts={"deliver": "dawdle"})
    wait_for(lambda: starts(data), "the first stage")
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 0


def test_no_orphans_when_the_supervisor_is_killed(data: Path, start: Start) -> None:
    run = start(*ONE)
    up(data)
    pids = [*stages_of(run).values(), tansu_of(stages_of(run)["broker"])]
    run.kill()
    run.wait()
    wait_for(lambda: not [pid for pid in pids if alive(pid)], "all stages to end")


def test_a_stage_that_ignores_the_request_to_stop_is_killed_at_the_deadline(data: Path, start: Start) -> None:
    run = start(*ONE, acts={"deliver": "deaf"}, stop_deadline="500ms")
    up(data)
    deaf = stages_of(run)["deliver"]
    run.send_signal(signal.SIGTERM)
    assert run.wait(60) == 0
    assert not alive(deaf)
    assert "deliver: did not stop in time and was killed" in shown(data)


def test_a_killed_stage_is_started_again_and_said_so(data: Path, start: Start) -> None:
    run = start(*ONE)
    up(data)
    os.kill(stages_of(run)["deliver"], signal.SIGKILL)
    wait_for(lambda: len(starts(data)) == 2, "its second start")
    wait_for(lambda: "deliver: ended with signal SIGKILL; starts again in 0.2 s." in shown(data), "the word")


def test_a_stage_has_as_many_workers_as_the_settings_say(data: Path, start: Start) -> None:
    start("--only", "broker,correlate", correlators="2")
    up(data)
    assert sorted(line.rsplit(" ", 1)[0] for line in starts(data)) == [
        "correlate 0",
        "correlate 1",
        "restore 0",
    ]


def test_a_stage_that_keeps_crashing_ends_the_run_with_its_last_words(data: Path, start: Start) -> None:
    run = start(*ONE, acts={"deliver": "crash"}, restart_limit="1")
    assert run.wait(60) == 1
    text = shown(data)
    assert "deliver: the stand-in is about to crash" in text
    assert (
        "deliver ended 2 times within 120 s, last: ended with code 1: RuntimeError: an act of the stand-in"
        in text
    )
    assert f"Its log: {data}/logs/deliver.log" in text
    assert "RuntimeError: an act of the stand-in" in (data / "logs" / "deliver.log").read_text()


def test_a_stage_that_no_restart_can_help_ends_the_run_at_once(data: Path, start: Start) -> None:
    run = start(*ONE, acts={"deliver": "wrong"})
    assert run.wait(60) == 2
    assert "deliver cannot start: a setting that no restart can help" in shown(data)
    assert sum(line.startswith("deliver") for line in starts(data)) == 1


def test_a_stage_that_never_becomes_ready_counts_as_crashed(data: Path, start: Start) -> None:
    run = start(*ONE, acts={"deliver": "dawdle"}, ready_deadline="15s", restart_limit="0")
    assert run.wait(180) == 1
    assert "deliver: did not become ready in time" in shown(data)


def test_when_the_broker_crashes_all_starts_again_on_an_empty_one(data: Path, start: Start) -> None:
    run = start("--only", "broker,correlate")
    up(data)
    os.kill(tansu_of(stages_of(run)["broker"]), signal.SIGKILL)
    wait_for(lambda: shown(data).count("Running: ") == 2, "the run to be up again", 60, lambda: shown(data))
    names, brokers = zip(*((line.split()[0], line.split()[2]) for line in starts(data)), strict=True)
    assert sorted(names[:2]) == sorted(names[2:]) == ["correlate", "restore"]
    assert len(set(brokers[:2])) == len(set(brokers[2:])) == 1 and brokers[0] != brokers[2]


def test_a_demo_that_cannot_go_on_is_said_and_not_begun_again(data: Path, start: Start) -> None:
    start(*ONE, "--demo", acts={"demo": "crash"})
    wait_for(lambda: "demo: not all samples were sent" in shown(data), "the word of the demo's end")
    up(data)
    assert sum(line.startswith("demo") for line in starts(data)) == 1


def test_one_data_folder_is_one_run(data: Path, start: Start) -> None:
    first = start(*ONE)
    up(data)
    second = start(*ONE)
    assert second.wait(60) == 1
    assert f"The data folder {data} is in use by another run (process {first.pid})." in shown(data)
    assert first.poll() is None


def test_other_commands_find_the_run_by_its_data_folder(data: Path, start: Start) -> None:
    run = start(*ONE)
    up(data)
    instance = datafolder.running(Settings(data=data))
    assert instance is not None and instance.pid == run.pid and instance.embedded_broker
    attached = datafolder.attached(Settings(data=data))
    assert attached.broker == instance.broker
    with urllib.request.urlopen(instance.metrics, timeout=10) as answer:
        page = answer.read()
    assert b'gapwatch_stage_up{stage="deliver"} 1.0' in page
    assert b'stage="restore"' not in page, "what did its work and ended would look down for ever"
    run.send_signal(signal.SIGINT)
    run.wait(60)
    assert datafolder.running(Settings(data=data)) is None


def test_reaching_the_memory_ceiling_ends_the_run_and_says_what_to_do(data: Path, start: Start) -> None:
    run = start("--only", "broker", broker_memory_ceiling="60MiB")
    up(data)
    instance = datafolder.running(Settings(data=data))
    assert instance is not None
    heedless = Producer({"bootstrap.servers": instance.broker})
    for _ in range(1000):
        if run.poll() is not None:
            break
        heedless.produce("raw.vault", os.urandom(2**18))
        heedless.flush(1.0)
    assert run.wait(60) == 1
    assert "its ceiling is 60 MiB (broker_memory_ceiling). The run stopped before" in shown(data)
    assert f"What was stored stays in {data}" in shown(data)


def test_one_stage_alone_runs_against_a_broker_elsewhere(
    data: Path, start: Start, embedded_broker: str
) -> None:
    run = start("--only", "normalise", broker=embedded_broker, topic_prefix="alone.")
    up(data)
    assert list(stages_of(run)) == ["normalise"]


@pytest.mark.parametrize(
    ("broker", "only", "said"),
    [
        (None, ["correlate"], "--only correlate needs a broker"),
        ("kafka:9092", ["broker"], "the setting broker names kafka:9092"),
        (None, ["receive"], "There is no stage receive"),
    ],
)
def test_stages_that_cannot_work_are_refused_with_the_reason(
    broker: str | None, only: list[str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        _names(Settings(broker=broker), only)


def test_what_a_run_says_to_type_can_be_typed_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    called = tmp_path / ".venv" / "bin" / "gapwatch"
    called.parent.mkdir(parents=True)
    called.touch(mode=0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(called)])
    monkeypatch.setenv("PATH", "")
    assert program() == ".venv/bin/gapwatch"
    monkeypatch.setenv("PATH", str(called.parent))
    assert program() == "gapwatch"
    assert data_option(Settings()) == ""
    assert data_option(Settings(data=Path("a site"))) == " --data 'a site'"


def test_a_data_folder_of_somebody_else_is_one_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A test may run as root, who is allowed everything.
    monkeypatch.setattr(os, "access", lambda path, mode: path != data)
    with pytest.raises(Stop, match=f"Cannot use the folder {data}. .*--data"):
        datafolder.make_folders(Settings(data=data))
