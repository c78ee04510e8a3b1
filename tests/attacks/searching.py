"""Secrets planted in every source of a running pipeline, and all that the run keeps and shows, to be searched
for them.
"""

from __future__ import annotations

import http.client
from itertools import cycle, islice
from urllib.parse import urlsplit

import orjson
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from schemas.sources import sources
from tests.attacks.running import Running
from tests.fuzz.corpus import corpus
from tests.support.planted import KINDS, Maker
from tests.support.plants import documents, variants

OF_A_SOURCE = 40
"""Planted records of each source."""
EXPLAINED = 6
RAW = "raw."


def plant(run: Running) -> set[bytes]:
    """What must not be found again."""
    maker, kinds, seeds, planted = Maker(11), cycle(KINDS), corpus(), set()
    for source in sorted(sources().keys() - {"inventory"}):
        every = (one for document in documents(source, seeds) for one in variants(document, maker, kinds))
        for _, secret, record in islice(every, OF_A_SOURCE):
            run.produce(f"{RAW}{source}", orjson.dumps(record))
            planted.add(secret.encode())
    return planted


def derived(run: Running) -> bytes:
    """All messages of all topics but the raw ones."""
    consumer = Consumer(
        {"bootstrap.servers": run.instance.broker, "group.id": "search", "enable.partition.eof": True}
    )
    topics = consumer.list_topics(timeout=10).topics
    parts = [
        TopicPartition(name, number, OFFSET_BEGINNING)
        for name, topic in topics.items()
        if RAW not in name
        for number in topic.partitions
    ]
    consumer.assign(parts)
    found, left = [], len(parts)
    while left:
        message = consumer.poll(10)
        assert message is not None, "a topic did not end"
        if message.error():
            left -= 1
        else:
            found += [message.key() or b"", message.value() or b""]
    consumer.close()
    assert len({part.topic for part in parts}) >= 4
    return b"\n".join(found)


def tables(run: Running) -> bytes:
    names = [row["name"] for row in run.rows("SHOW TABLES")]
    assert {"activities", "findings", "rejects"} <= set(names)
    return b"\n".join(run.ask(f"SELECT * FROM `{name}` FORMAT JSONEachRow")[1] for name in names)


def files(run: Running) -> bytes:
    """Every file of the folder as it is; the engine's own are read as tables, since they are compressed."""
    return b"\n".join(path.read_bytes() for path in run.data.rglob("*") if path.is_file())


def screens(run: Running) -> bytes:
    said = [run.said("findings"), run.said("doctor"), run.said("doctor", "--json")]
    found = run.rows("SELECT uid FROM findings GROUP BY uid ORDER BY uid")[:EXPLAINED]
    assert found, "nothing was found, so nothing is explained"
    said += [run.said("explain", row["uid"]) for row in found]
    where = urlsplit(run.instance.metrics)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    connection.request("GET", "/metrics")
    return "\n".join(said).encode() + connection.getresponse().read()


def everything(run: Running) -> dict[str, bytes]:
    """All that a run keeps, sends on and shows."""
    return {"topics": derived(run), "tables": tables(run), "files": files(run), "screens": screens(run)}


def read(run: Running, least: int) -> bool:
    """Whether so many records were read, and what they gave is stored."""
    row = run.rows("SELECT (SELECT count() FROM activities) + (SELECT count() FROM rejects) AS n")[0]
    return int(row["n"]) > least // 4 and run.metric("gapwatch_records_total") >= least
