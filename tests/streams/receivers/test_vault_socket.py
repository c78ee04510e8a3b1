"""The audit socket: lines however they arrive, who may write, and senders held up instead of records lost."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from streams.receivers import addresses, vault
from streams.receivers.files.lines import Lines
from streams.receivers.handover import Handover
from streams.site import stage as stage_module
from streams.site.errors import SettingsError
from streams.site.settings import Settings
from tests.support.receiving import OwnBroker, all_of, bodies, connect, free_address, peak_memory, receiving
from tests.support.waiting import wait_for


def line(number: int | str, padding: int = 0) -> bytes:
    """As OpenBao writes one, shortened."""
    return json.dumps({"type": "response", "id": str(number), "pad": "x" * padding}).encode() + b"\n"


@pytest.fixture
def tcp(site: Settings) -> Settings:
    return site.model_copy(update={"receive_vault": free_address(), "record_limit": 10_000})


def dial(settings: Settings) -> socket.socket:
    assert settings.receive_vault is not None
    return connect(settings.receive_vault)


def test_lines_arrive_whole_however_they_are_written(tcp: Settings) -> None:
    with receiving(tcp, "receive_vault"), dial(tcp) as device:
        device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in line("bytewise"):
            device.sendall(bytes([byte]))
        device.sendall(line("two") + line("at once") + line("half")[:20])
        device.sendall(line("half")[20:] + b"\n\r\n" + line("after empty ones"))
        wanted = {"bytewise", "two", "at once", "half", "after empty ones"}
        assert sorted(all_of(tcp, "raw.vault", wanted)) == sorted(wanted)


def test_a_record_goes_to_kafka_byte_for_byte_to_the_topic_of_its_installation(site: Settings) -> None:
    settings = site.model_copy(update={"receive_vault": free_address(), "receive_vault_instance": "prod"})
    written = b'{"time": "2026-11-22T10:00:00Z",  "type":"request"}'
    with receiving(settings, "receive_vault"), dial(settings) as device:
        device.sendall(written + b"\n")
        assert bodies(settings, "raw.vault.prod", 1) == [written]


def test_a_unix_socket_is_made_and_removed_and_taken_over_from_a_killed_receiver(
    site: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "audit.sock"
    left_over = socket.socket(socket.AF_UNIX)
    left_over.bind(str(path))
    left_over.close()
    settings = site.model_copy(update={"receive_vault": f"unix:{path}"})
    with receiving(settings, "receive_vault"), socket.socket(socket.AF_UNIX) as device:
        assert path.stat().st_mode & 0o777 == 0o660
        device.connect(str(path))
        device.sendall(line("one"))
        assert all_of(settings, "raw.vault", {"one"}) == ["one"]
    assert not path.exists()


def test_a_socket_that_another_receiver_listens_on_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "audit.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(SettingsError, match="Address already in use"):
            addresses.listen(addresses.Address(path=path), "receive_vault")


def test_a_line_above_the_limit_is_a_reject_and_the_next_one_is_read(tcp: Settings) -> None:
    huge = line("huge", padding=50_000)
    with receiving(tcp, "receive_vault"), dial(tcp) as device:
        device.sendall(line("before") + huge + line("after"))
        assert sorted(all_of(tcp, "raw.vault", {"before", "after"})) == ["after", "before"]
    row = json.loads(bodies(tcp, "rejects", 1)[0])
    assert row["reason"] == "longer than 10000 bytes (record_limit)"
    assert (row["size"], row["sha256"]) == (len(huge) - 1, hashlib.sha256(huge[:-1]).hexdigest())
    assert row["source"] == "vault" and row["place"].startswith("127.0.0.1:")


def test_a_hundred_megabytes_without_an_end_take_no_memory() -> None:
    lines = Lines(10_000)
    chunk = bytes(2**20)
    filled = b"x" * 2**20
    with peak_memory() as grown:
        for _ in range(50):
            assert lines.feed(chunk) == []
        for _ in range(100):
            assert lines.feed(filled) == []
        (line,) = lines.feed(b"\n")
    assert grown() < 8 * 2**20
    assert line.unfit is not None and line.size == 150 * 2**20 + 1


def test_the_last_line_of_a_connection_counts_without_its_end(tcp: Settings) -> None:
    with receiving(tcp, "receive_vault"):
        with dial(tcp) as device:
            device.sendall(line("first") + line("last")[:-1])
        assert sorted(all_of(tcp, "raw.vault", {"first", "last"})) == ["first", "last"]


def test_what_has_arrived_when_the_receiver_is_stopped_is_still_taken(tcp: Settings) -> None:
    with receiving(tcp, "receive_vault") as stage, dial(tcp) as device:
        device.sendall(line("connected"))
        all_of(tcp, "raw.vault", {"connected"})
        device.sendall(b"".join(line(number) for number in range(500)))
        stage.stopping.set()
    assert len(all_of(tcp, "raw.vault", {"connected", *map(str, range(500))})) == 501


def test_while_kafka_is_away_the_device_is_held_up_and_nothing_is_lost(
    own_broker: OwnBroker, data: Path
) -> None:
    settings = Settings(data=data, broker=own_broker.address, receive_vault=free_address())
    count = 20_000
    written = 0

    def write(device: socket.socket) -> None:
        nonlocal written
        for number in range(count):
            device.sendall(line(number, padding=1_000))
            written = number + 1

    with receiving(settings, "receive_vault"), dial(settings) as device:
        device.sendall(line("connected"))
        all_of(settings, "raw.vault", {"connected"})
        own_broker.freeze()
        writer = threading.Thread(target=write, args=(device,))
        writer.start()
        held_up = _still(lambda: written)
        assert held_up < count
        own_broker.thaw()
        writer.join(60)
        found = all_of(settings, "raw.vault", {str(number) for number in range(count)})
    assert len(found) == count + 1


def _still(value: Callable[[], int]) -> int:
    """What it is once it stands still over several looks."""
    looks = [-1]

    def stands() -> bool:
        looks.append(value())
        return looks[-1] > 0 and len(looks) > 20 and len(set(looks[-20:])) == 1

    wait_for(stands, "the sender to be held up")
    return looks[-1]


def test_closed_intake_holds_the_device_up(tcp: Settings, tmp_path: Path) -> None:
    intake = stage_module.intake_file(tmp_path)
    with receiving(tcp, "receive_vault", tmp_path), dial(tcp) as device:
        device.sendall(line("before"))
        all_of(tcp, "raw.vault", {"before"})
        intake.write_bytes(orjson.dumps({"closed": "full", "level": "closed"}))
        filler = Filler(device)
        wait_for(filler.held_up, "the socket to fill up")
        intake.unlink()
        filler.finish()
        wanted = {"before", *map(str, range(filler.lines))}
        assert len(all_of(tcp, "raw.vault", wanted)) == len(wanted)


class Filler:
    """Writes numbered lines until nobody takes them any more; `lines` counts those that it began."""

    def __init__(self, device: socket.socket) -> None:
        self.lines = 0
        self._device = device
        self._rest = b""
        device.setblocking(False)

    def held_up(self) -> bool:
        try:
            for _ in range(1000):
                if not self._rest:
                    self._rest = line(self.lines, padding=500)
                    self.lines += 1
                self._rest = self._rest[self._device.send(self._rest) :]
        except BlockingIOError:
            return True
        return False

    def finish(self) -> None:
        self._device.setblocking(True)
        self._device.sendall(self._rest)


def test_half_a_line_and_then_nothing_ends_the_connection(site: Settings) -> None:
    handover = Handover(site, "receive_vault")
    receiver = vault.SocketReceiver(
        handover, handover.topic("vault", None), 1000, lambda: None, half_line_seconds=0.3
    )
    listener = addresses.listen(addresses.parse("127.0.0.1:0", "test"), "test")
    stopping = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(receiver.serve(listener, stopping.is_set)))
    thread.start()
    try:
        with connect(f"127.0.0.1:{listener.getsockname()[1]}") as device:
            device.sendall(b'{"half":')
            assert device.recv(1) == b""
        assert bodies(site, "raw.vault", 1) == [b'{"half":']
    finally:
        stopping.set()
        thread.join(20)
        handover.close()


def test_connections_beyond_the_bound_are_closed_and_those_before_go_on(
    tcp: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "CONNECTIONS_MAX", 1)
    with receiving(tcp, "receive_vault"), dial(tcp) as device:
        device.sendall(line("one"))
        all_of(tcp, "raw.vault", {"one"})
        with dial(tcp) as second:
            assert second.recv(1) == b""
        device.sendall(line("two"))
        all_of(tcp, "raw.vault", {"one", "two"})


def test_silent_connections_do_not_shut_out_the_device(
    tcp: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "CONNECTIONS_MAX", 4)
    with receiving(tcp, "receive_vault"), contextlib.ExitStack() as opened, dial(tcp) as device:
        device.sendall(line("one"))
        all_of(tcp, "raw.vault", {"one"})
        silent = [opened.enter_context(dial(tcp)) for _ in range(8)]
        assert silent[0].recv(1) == b"", "the longest silent gives way"
        with dial(tcp) as another:
            another.sendall(line("two"))
            device.sendall(line("three"))
            all_of(tcp, "raw.vault", {"one", "two", "three"})


def test_only_named_networks_may_write(tcp: Settings) -> None:
    settings = tcp.model_copy(update={"receive_vault_peers": ("10.0.0.0/8",)})
    with receiving(settings, "receive_vault"), dial(settings) as device:
        assert device.recv(1) == b""
    settings = tcp.model_copy(update={"receive_vault_peers": ("127.0.0.0/8",)})
    with receiving(settings, "receive_vault"), dial(settings) as device:
        device.sendall(line("one"))
        assert all_of(settings, "raw.vault", {"one"}) == ["one"]


def test_an_address_others_reach_needs_the_networks_that_may_write() -> None:
    address = addresses.parse("0.0.0.0:9090", "receive_vault", unix=True)
    with pytest.raises(SettingsError, match=r"anybody could write to 0\.0\.0\.0:9090"):
        vault.peers_of(Settings(), address)
    with pytest.raises(SettingsError, match="receive_vault_peers is not usable"):
        vault.peers_of(Settings(receive_vault_peers="10.0.0.0/8, nonsense"), address)
    assert vault.peers_of(Settings(receive_vault_peers="10.0.0.0/8"), address)
