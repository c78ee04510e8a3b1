"""How long a real finding takes at a usual load, alone and behind thousands of forged alarms.

`python -m tests.bench.flood --rate 2000 --forged 20000`, on the embedded broker. Somebody who may write to
one raw topic forges ends of keys and uses after them; a real key of another topic is ended and used
meanwhile, again and again. Printed: seconds from the record on the raw topic to the finding on the alert
topic, and how the first lines of `findings_open` read afterwards.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
from confluent_kafka import Producer
from pydantic import SecretStr

from infra.simulator.load import Load
from streams.clickhouse import query
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site.settings import Settings
from streams.supervision import ports
from tests.bench import brokers
from tests.support import topic
from tests.support.stages import Stages
from tests.support.topic import Tail

ACCOUNT = "111122223333"
IDENTITIES = 2_000
REALS = 5
WAITED_SECONDS = 30.0
WARM_SECONDS = 8.0
FIRST_SCREEN = "SELECT title, severity, story FROM findings_open LIMIT 12"


def event(uid: str, at: datetime, name: str, user: str, key: str, ended: str = "", whose: str = "") -> bytes:
    """A CloudTrail record of a user's key; ``ended``: the key that it deletes, ``whose`` it is."""
    return orjson.dumps({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": f"AIDA{user}",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}",
            "accountId": ACCOUNT,
            "accessKeyId": key,
            "userName": user,
        },
        "eventTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com" if ended else "s3.amazonaws.com",
        "eventName": name,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "requestParameters": {"userName": whose, "accessKeyId": ended} if ended else None,
        "eventID": uid,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
    })  # fmt: skip


def key_of(name: str, number: int) -> str:
    """The id of an access key, as long as AWS has them."""
    return f"AKIA{name.upper()}{number:0{16 - len(name)}d}"


def alarm(name: str, number: int, used: datetime) -> list[bytes]:
    """A key that is deleted by an administrator and used an hour later."""
    key, user = key_of(name, number), f"{name}{number}"
    deleted = event(
        f"{user}-end",
        used - timedelta(hours=1),
        "DeleteAccessKey",
        f"{name}-admin",
        key_of("admin", len(name)),
        key,
        user,
    )
    return [deleted, event(f"{user}-use", used, "GetObject", user, key)]


class Site:
    """The stages over an embedded broker, with the usual load running."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._stopping = threading.Event()
        self._alerts = Tail(settings, topics.FINDINGS)

    def usual(self, rate: int) -> None:
        """Sends records of many identities until it is stopped, so many a second."""
        lines = Load(10_000_000, IDENTITIES, 7, datetime.now(UTC), 0.0, per_second=rate).lines()
        producer = Producer(kafka_config(self.settings))
        began, sent = time.monotonic(), 0
        while not self._stopping.wait(0.01):
            due = int((time.monotonic() - began) * rate)
            for _ in range(due - sent):
                producer.produce(self.settings.topic_prefix + "raw.cloudtrail", next(lines))
            sent = due
            producer.poll(0)

    def real(self, number: int) -> float:
        """Returns the seconds until the finding about a key that is really used after its end; infinity where
        it does not come in time."""
        records = alarm("real", number, datetime.now(UTC))
        topic.produce(self.settings, "raw.cloudtrail", records)
        began, key = time.monotonic(), key_of("real", number).encode()
        self._alerts.messages.clear()
        with suppress(AssertionError):
            self._alerts.until(
                lambda tail: any(key in (m.value() or b"") for m in tail.messages), "it", WAITED_SECONDS
            )
            return time.monotonic() - began
        return math.inf

    def stop(self) -> None:
        self._stopping.set()
        self._alerts.close()


def main(arguments: list[str] | None = None) -> int:
    """Returns 0 where the forged alarms cost a real one no more than two seconds."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.flood", description=__doc__)
    parser.add_argument("--rate", type=int, default=2_000, help="records a second of the usual load")
    parser.add_argument("--forged", type=int, default=20_000, help="alarms")
    given = parser.parse_args(arguments)
    with ExitStack() as end:
        settings = _settings(Path(end.enter_context(tempfile.TemporaryDirectory())), end)
        stages = Stages(settings)
        end.callback(stages.close)
        for name in ("deliver", "correlate", "normalise"):
            stages.start(name)
        site = Site(settings)
        end.callback(site.stop)
        threading.Thread(target=site.usual, args=(given.rate,), daemon=True).start()
        time.sleep(WARM_SECONDS)
        alone = [site.real(number) for number in range(REALS)]
        print(f"alone: {_summary(alone)}", flush=True)
        now = datetime.now(UTC)
        forged = [record for number in range(given.forged) for record in alarm("forged", number, now)]
        topic.produce(settings, "raw.cloudtrail.other", forged)
        behind = [site.real(number) for number in range(REALS, 2 * REALS)]
        print(f"behind {given.forged:,} forged alarms: {_summary(behind)}", flush=True)
        asked = settings.model_copy(update={"clickhouse": f"http://127.0.0.1:{settings.sql_port}"})
        for row in query.rows(asked, FIRST_SCREEN):
            print("  ", *row.values(), sep=" | ")
        return 0 if statistics.median(behind) - statistics.median(alone) <= 2.0 else 1


def _settings(folder: Path, end: ExitStack) -> Settings:
    ((_, embedded),) = brokers.wanted(brokers.EMBEDDED, folder)
    settings = Settings(
        data=folder / "data",
        broker=end.enter_context(embedded).address,
        topic_prefix="flood.",
        raw_partitions=1,
        partitions=2,
        sql_port=ports.choose(0, ports.SQL, "sql_port"),
        hmac_key=SecretStr("a site key of the bench"),
    )
    topic.make(settings, ["cloudtrail", "inventory"])
    topics.create_missing(settings, [topics.raw_topic(settings, "cloudtrail", "other")])
    return settings


def _summary(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.1f} s, worst {max(seconds):.1f} s of {len(seconds)}"


if __name__ == "__main__":
    sys.exit(main())
