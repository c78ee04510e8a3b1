"""The embedded broker: ready when it answers, watched by its memory, stopped before the machine suffers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.kafka.connection import kafka_config
from streams.kafka.producing import RawProducer
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.site.stage import Stage, read_intake
from streams.supervision import broker, ports
from streams.supervision.broker import BrokerWatch, Level
from tests.support.waiting import wait_for

MIB = 2**20


def test_memory_is_read_from_the_system() -> None:
    assert broker.resident_bytes(os.getpid()) > 5 * MIB


def test_the_binary_is_unpacked_into_the_data_folder_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    kept = broker.unpacked(tmp_path)
    assert kept.parent == tmp_path / "bin" and os.access(kept, os.X_OK) and not (tmp_path / "home").exists()
    kept.unlink()
    kept.write_bytes(b"half of it")
    assert broker.unpacked(tmp_path).stat().st_size == broker.packaged().stat().st_size

    def refuse(*_: object) -> None:
        raise OSError(18, "another file system")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    kept.unlink()
    assert broker.unpacked(tmp_path).stat().st_nlink == 1 and os.access(kept, os.X_OK)


def test_intake_closes_at_the_share_of_the_ceiling_and_says_why(tmp_path: Path) -> None:
    resident = 79 * MIB
    watch = BrokerWatch(tmp_path, 100 * MIB, lambda: resident)
    assert watch.check() is Level.OPEN and read_intake(tmp_path) is None
    resident = 80 * MIB
    assert watch.check() is Level.CLOSED
    assert read_intake(tmp_path) == (
        "The embedded broker holds 80 MiB, its ceiling is 100 MiB (broker_memory_ceiling)."
    )
    resident = 100 * MIB
    assert watch.check() is Level.CEILING


def test_a_new_run_opens_intake_again(tmp_path: Path) -> None:
    BrokerWatch(tmp_path, 10, lambda: 9).check()
    assert read_intake(tmp_path)
    BrokerWatch(tmp_path, 10, lambda: 1)
    assert read_intake(tmp_path) is None


def test_a_stage_sees_that_intake_closed(tmp_path: Path) -> None:
    stage = Stage("receive", run_folder=tmp_path)
    assert stage.intake_closed() is None
    BrokerWatch(tmp_path, 10, lambda: 9).check()
    assert "ceiling" in (wait_for(stage.intake_closed, "the stage to see the closed intake") or "")


def test_a_named_port_that_is_taken_is_an_error_and_an_unnamed_one_gives_way() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Stop, match=f"Port {port} on 127.0.0.1 .broker_port. is taken"):
            ports.choose(port, 1, "broker_port")
        assert ports.choose(None, port, "broker_port") != port


def test_a_broker_that_ends_at_its_start_is_told_from_one_that_is_slow() -> None:
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(Stop, match="ended at its start with code 3"):
        broker.wait_until_it_answers("127.0.0.1:1", process, 30.0)


def start_stage(data: Path, spawned: list[subprocess.Popen[bytes]], ceiling: int) -> Settings:
    """The broker's stage in a process of its own, as the supervisor starts it."""
    settings = Settings(data=data, broker_port=ports.choose(0, 0, ""), broker_memory_ceiling=ceiling)
    datafolder.make_folders(settings)
    from streams.site.settings import environment

    process = subprocess.Popen(
        [sys.executable, "-m", "streams.supervision.stages", "broker"],
        env=os.environ | environment(settings),
        stdin=subprocess.PIPE,
    )
    spawned.append(process)
    return settings.model_copy(update={"broker": f"127.0.0.1:{settings.broker_port}"})


def child_of(stage: subprocess.Popen[bytes]) -> int:
    """The broker's process id."""
    children = Path(f"/proc/{stage.pid}/task/{stage.pid}/children")
    return int(wait_for(children.read_text, "the broker's process").split()[0])


@pytest.mark.skipif(sys.platform != "linux", reason="finds the broker below its stage in /proc")
def test_filling_the_broker_closes_intake_and_then_stops_it(
    data: Path, spawned: list[subprocess.Popen[bytes]]
) -> None:
    ceiling = 60 * MIB
    settings = start_stage(data, spawned, ceiling)
    stage, run_folder = spawned[0], datafolder.run_folder(settings)
    producer = RawProducer(settings, run_folder)
    producer.send_all([("cloudtrail", b"{}")])
    process = child_of(stage)
    for _ in range(500):
        if broker.resident_bytes(process) >= ceiling * broker.INTAKE_SHARE:
            break
        producer.send_all([("cloudtrail", os.urandom(MIB // 4))])
    wait_for(lambda: read_intake(run_folder), "intake to close")
    with pytest.raises(Stop, match=r"its ceiling is 60 MiB(.|\n)*nothing more is taken in"):
        for _ in range(500):
            producer.send_all([("cloudtrail", b"{}")])
    assert stage.poll() is None
    heedless = Producer(kafka_config(settings, **{"message.max.bytes": MIB}))
    for _ in range(500):
        if stage.poll() is not None:
            break
        heedless.produce("raw.cloudtrail", os.urandom(MIB // 4))
        heedless.flush(1.0)
    assert stage.wait(60) == broker.AT_CEILING


def test_a_sender_is_told_at_once_when_the_broker_was_stopped_at_its_ceiling(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, broker="127.0.0.1:1")
    producer = RawProducer(settings, tmp_path)
    producer._known.add("raw.vault")
    producer.send("vault", b"{}")
    BrokerWatch(tmp_path, 10, lambda: 10).check()
    with pytest.raises(Stop, match=r"its ceiling is 10 B .*It was stopped"):
        producer.finish()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with a parent that was killed")
def test_killing_the_stage_leaves_no_broker_behind(
    data: Path, spawned: list[subprocess.Popen[bytes]]
) -> None:
    settings = start_stage(data, spawned, ceiling=2**30)
    stage = spawned[0]
    child = child_of(stage)
    wait_for(lambda: b"tansu" in Path(f"/proc/{child}/cmdline").read_bytes(), "the broker's own program")
    stage.send_signal(signal.SIGKILL)
    wait_for(lambda: ports._free("127.0.0.1", settings.broker_port or 0), "the broker's port to be free")
    wait_for(lambda: not Path(f"/proc/{child}").exists(), "the broker to be gone")
