"""A worker that was stopped beyond its session writes nothing more, and what it wrote is joined."""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace
from typing import Any

import pytest

from correlators.kernel.knowledge.join import join
from schemas.activity import Activity, Ended
from schemas.dossier import Dossier
from schemas.fact import facts_of
from schemas.stored import decode, encode
from streams.correlating.correlate import Worker
from streams.correlating.fence import EPOCH, Fence, epoch_of
from streams.correlating.messages import Message
from streams.correlating.pulse import Pulse

USER, KEY = "aws:1:user/a", "aws:key/AKIA1"


def known(*effects: object, uid: str = "u") -> Dossier:
    activity = Activity(uid, 5, "cloudtrail", identity=USER, credential=KEY, outcome="succeeded")
    if effects:
        activity = Activity(uid, 5, "cloudtrail", effects=effects)  # type: ignore[arg-type]
    return dict(facts_of(activity))[USER]


USED = known()
ENDED = join(known(), known(Ended("DeleteAccessKey", "deleted", KEY, USER), uid="kill"))


def event(value: Dossier | None, epoch: int, key: bytes = b"k", partition: int = 0) -> Any:
    body = encode(value) if value is not None else None
    headers = [(EPOCH, str(epoch).encode())]
    return SimpleNamespace(message=SimpleNamespace(partition=partition, key=key, value=body, headers=headers))


@pytest.fixture
def data() -> dict[bytes, bytes]:
    return {}


@pytest.fixture
def fence(data: dict[bytes, bytes]) -> Fence:
    def apply(batch: list[Any]) -> None:
        for each in batch:
            if each.message.value is None:
                data.pop(each.message.key, None)
            else:
                data[each.message.key] = each.message.value

    return Fence(apply, lambda: data, 600_000)


def test_a_poorer_dossier_of_a_worker_that_had_lost_the_partition_takes_no_end_away(
    fence: Fence, data: dict[bytes, bytes]
) -> None:
    fence.apply([event(ENDED, epoch=2), event(USED, epoch=1)])
    assert decode(data[b"k"]) == ENDED


def test_what_only_the_latecomer_knew_is_kept_as_well(fence: Fence, data: dict[bytes, bytes]) -> None:
    fence.apply([event(USED, epoch=2)])
    fence.apply([event(ENDED, epoch=1)])
    assert decode(data[b"k"]) == join(USED, ENDED)


def test_a_latecomer_deletes_nothing(fence: Fence, data: dict[bytes, bytes]) -> None:
    fence.apply([event(ENDED, epoch=2), event(None, epoch=1)])
    assert decode(data[b"k"]) == ENDED


def test_in_the_order_of_epochs_the_last_dossier_holds(fence: Fence, data: dict[bytes, bytes]) -> None:
    fence.apply(
        [event(ENDED, epoch=1), event(USED, epoch=1), event(USED, 1, b"gone"), event(None, 2, b"gone")]
    )
    assert decode(data[b"k"]) == USED and b"gone" not in data


def test_partitions_have_epochs_of_their_own_and_a_second_reading_starts_anew(
    fence: Fence, data: dict[bytes, bytes]
) -> None:
    fence.apply([event(ENDED, 9, b"a", 0), event(ENDED, 1, b"b", 1), event(USED, 1, b"b", 1)])
    assert decode(data[b"b"]) == USED
    fence.rewind()
    fence.apply([event(ENDED, 1, b"a", 0), event(USED, 1, b"a", 0)])
    assert decode(data[b"a"]) == USED


def test_what_cannot_be_read_takes_nothing_away(fence: Fence, data: dict[bytes, bytes]) -> None:
    late = event(USED, epoch=1)
    late.message.value = b"{"
    fence.apply([event(ENDED, epoch=2), late])
    assert decode(data[b"k"]).credentials == ENDED.credentials


@pytest.mark.parametrize("headers", [None, [], {}, [("x", b"1")], {EPOCH: b"old"}])
def test_a_dossier_without_an_epoch_is_of_the_first(headers: Any) -> None:
    assert epoch_of(headers) == 0


def test_a_worker_that_was_stopped_beyond_its_session_ends_before_it_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    worker = Worker.__new__(Worker)
    worker._pulse = Pulse(6.0, lambda: now[0])

    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    now[0] = 7.0
    with pytest.raises(SystemExit):
        asyncio.run(worker.store(0, "k", b"{}"))
    with pytest.raises(SystemExit):
        asyncio.run(worker.send(Message("findings", b"{}")))


def test_a_pulse_that_was_missed_for_longer_than_the_session_is_lost_for_good() -> None:
    now = [0.0]
    pulse = Pulse(6.0, lambda: now[0])
    for at in (3.0, 6.0, 12.0):
        now[0] = at
        assert not pulse.lost
        pulse.beat()
    now[0] = 18.5
    pulse.beat()
    assert pulse.lost, "the thread that beats may be the first to run again"
    now[0] = 18.6
    pulse.beat()
    assert pulse.lost
