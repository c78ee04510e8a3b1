"""What goes wrong in a round. A fault is drawn by the seed and the number of its round, is done while the
records of the round are on their way, and leaves everything running that ran before."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

from confluent_kafka import Producer

from streams.kafka.connection import kafka_config
from streams.supervision.process import StageProcess
from tests.chaos.disturbed import OFFSET_VARIABLE, set_clock
from tests.chaos.site import NAMES, Site

Send = Callable[[], None]
Fault = Callable[[Site, Random, Send], str]
"""Does it and sends the records in the middle of it; says what was done."""

POISON = {
    "no text": b"\xff\xfe\x00\x80" * 50,
    "no end": b'{"Records":[{"eventID":"',
    "deep": b"[" * 20_000 + b"]" * 20_000,
    "many": b"[" + b",".join([b"{}"] * 50_000) + b"]",
    "long": b'{"eventVersion":"1.11","eventName":"' + b"a" * 900_000 + b'"}',
    "wrong types": b'{"eventVersion":{},"eventTime":[],"eventID":7,"userIdentity":"me","eventSource":null}',
    "empty": b"",
    "numbers": b'{"eventVersion":1e999,"eventID":-0.0,"eventTime":123456789012345678901234567890}',
    "no time": b'{"eventVersion":"1.11","eventID":"x","eventTime":"9999-99-99T99:99:99Z","eventName":"A"}',
    "later": b'{"eventVersion":"1.11","eventID":"x","eventTime":"2999-01-01T00:00:00Z","eventName":"A"}',
}
"""Records that are none, by what is wrong with them; none teaches anything."""


def kill_stage(site: Site, chance: Random, send: Send) -> str:
    """kill -9, once or several times, of one stage or of all of them."""
    victims = chance.choice([[chance.choice(NAMES)], chance.sample(NAMES, 2), list(NAMES)])
    with _between(chance, send):
        for name, worker in victims:
            site.stages.kill(_stage(site, name, worker))
            site.stages.start(name, worker, wait=False)
            time.sleep(chance.random())
    return f"kill -9 of {_names(victims)}"


def kill_broker(site: Site, chance: Random, send: Send) -> str:
    """kill -9 of a broker, sometimes of all, and their start some seconds later."""
    victims = [chance.choice(site.brokers)] if chance.random() < 0.7 else site.brokers
    with _between(chance, send):
        for broker in victims:
            broker.kill()
        time.sleep(3 * chance.random())
        for broker in victims:
            broker.start(wait=False)
        for broker in victims:
            broker.wait_until_it_answers()
    return f"kill -9 of {len(victims)} broker(s)"


def kill_both(site: Site, chance: Random, send: Send) -> str:
    """kill -9 of all stages and a broker within a second."""
    broker = chance.choice(site.brokers)
    with _between(chance, send):
        for name, worker in NAMES:
            site.stages.kill(_stage(site, name, worker))
        broker.kill()
        for name, worker in NAMES:
            site.stages.start(name, worker, wait=False)
        broker.start()
    return f"kill -9 of everything but two brokers ({broker.node})"


def pause_stage(site: Site, chance: Random, send: Send) -> str:
    """A stage is stopped and goes on, within its session or long after it."""
    name, worker = chance.choice(NAMES)
    seconds = chance.choice([1.0, 4.0, 9.0])
    with _between(chance, send):
        _paused(_stage(site, name, worker), seconds)
    return f"{name}-{worker} stopped for {seconds:g} s"


def pause_broker(site: Site, chance: Random, send: Send) -> str:
    broker = chance.choice(site.brokers)
    seconds = chance.choice([2.0, 8.0])
    assert broker.process is not None
    with _between(chance, send):
        os.kill(broker.process.pid, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(broker.process.pid, signal.SIGCONT)
    return f"a broker stopped for {seconds:g} s"


def rebalance(site: Site, chance: Random, send: Send) -> str:
    """A third worker comes and goes while the others flush: in order, or by kill -9."""
    orderly = chance.random() < 0.5
    with _between(chance, send):
        third = site.stages.start("correlate", 2)
        time.sleep(2 * chance.random())
        if orderly:
            site.stages.stop(third)
        else:
            site.stages.kill(third)
    return f"a third worker came and went, {'in order' if orderly else 'by kill -9'}"


def restart(site: Site, chance: Random, send: Send) -> str:
    """An orderly restart of a stage."""
    name, worker = chance.choice(NAMES)
    with _between(chance, send):
        site.stages.stop(_stage(site, name, worker))
        site.stages.start(name, worker)
    return f"{name}-{worker} restarted in order"


def clickhouse(site: Site, chance: Random, send: Send) -> str:
    """ClickHouse refuses, is slow, gone or full, or stores half of an insert and answers nothing."""
    faults = site.clickhouse.faults
    how = chance.choice(["refuse", "slow", "gone", "half", "full"])
    seconds = 2 + 4 * chance.random()
    setattr(faults, how, 0.7 if how == "slow" else True)
    try:
        send()
        time.sleep(seconds)
    finally:
        setattr(faults, how, 0.0 if how == "slow" else False)
    return f"ClickHouse: {how} for {seconds:.0f} s"


def disk_full(site: Site, chance: Random, send: Send) -> str:
    """A stage, or a broker, can write to no file for some seconds. A broker ends by that and starts again."""
    broker = chance.choice(site.brokers) if chance.random() < 0.4 else None
    name, worker = chance.choice(NAMES)
    pid = broker.process.pid if broker and broker.process else _stage(site, name, worker).pid
    assert pid is not None
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    with _between(chance, send):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
        time.sleep(4)
        if broker:
            broker.kill()
            broker.start()
        else:
            try:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
            except ProcessLookupError:
                site.stages.revive()
    return f"disk full for {'a broker' if broker else f'{name}-{worker}'}"


def clock(site: Site, chance: Random, send: Send) -> str:
    """The clock of all stages jumps ahead or back, and returns."""
    seconds = chance.choice([-3600.0, -61.0, 61.0, 3600.0])
    with _between(chance, send):
        _set_clock(seconds)
        time.sleep(2)
        site.stages.kill(_stage(site, "correlate", 0))
        site.stages.start("correlate", 0)
        _set_clock(0.0)
    return f"the clock jumped by {seconds:+g} s and back"


def poison(site: Site, chance: Random, send: Send) -> str:
    """Records that are none, and messages that none of ours writes, on every topic that is read."""
    named = chance.sample(sorted(POISON), 3)
    producer = Producer(kafka_config(site.settings))
    for name in named:
        for topic in ("raw.cloudtrail", "raw.vault", "activities", "facts", "findings", "assurance"):
            producer.produce(topic, POISON[name])
    producer.flush(30)
    send()
    return f"poison on every topic: {', '.join(named)}"


FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (
        *(kill_stage, kill_broker, kill_both, pause_stage, pause_broker, rebalance),
        *(restart, clickhouse, disk_full, clock, poison),
    )
}


def drawn(seed: int, number: int) -> tuple[Fault, Random]:
    """The fault of a round, and the chance by which its details are drawn. Each kind comes once in as many
    rounds as there are kinds."""
    names = sorted(FAULTS)
    order = Random(f"{seed}/{number // len(names)}").sample(names, len(names))
    return FAULTS[order[number % len(names)]], Random(f"{seed}:{number}")


@contextmanager
def _between(chance: Random, send: Send) -> Iterator[None]:
    """The records come before or during what is done in the block, or after it."""
    before = chance.random() < 0.6
    if before:
        send()
        time.sleep(1.5 * chance.random())
    yield
    if not before:
        send()


def _stage(site: Site, name: str, worker: int) -> StageProcess:
    site.stages.revive()
    return next(s for s in site.stages.running if (s.name, s.worker) == (name, worker))


def _paused(stage: StageProcess, seconds: float) -> None:
    assert stage.process is not None
    os.kill(stage.process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(stage.process.pid, signal.SIGCONT)


def _set_clock(seconds: float) -> None:
    from pathlib import Path

    set_clock(Path(os.environ[OFFSET_VARIABLE]), seconds)


def _names(stages: list[tuple[str, int]]) -> str:
    return ", ".join(f"{name}-{worker}" for name, worker in stages)
