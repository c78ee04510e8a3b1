"""With the rights that are shipped and no others each stage works, and a producer of one topic writes no
other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from pydantic import SecretStr

from infra.kafka import acls
from streams.clickhouse import query
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.settings import Settings
from streams.supervision import ports
from tests.kafka import apache
from tests.kafka.apache import ADMIN, Kafka, MissingError
from tests.support.stages import Stages
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SAMPLES = Path(__file__).parents[2] / "infra" / "samples" / "cloudtrail"
STAGES = ("normalise", "correlate", "deliver")
PRODUCER = "vault.prod"
WRITER = "gapwatch-raw-vault-prod"
USERS = (*(f"gapwatch-{stage}" for stage in STAGES), WRITER, "gapwatch-alerts")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker that asks who calls."""
    try:
        apache.libraries()
    except MissingError as missing:
        pytest.skip(str(missing))
    broker = apache.new(tmp_path_factory.mktemp("guarded"), USERS)
    try:
        broker.start()
        yield broker
    finally:
        broker.kill()


def of(settings: Settings, user: str) -> Settings:
    """The settings of who runs as this user."""
    return settings.model_copy(update={"broker_user": user, "broker_password": SecretStr(user)})


@pytest.fixture(scope="module")
def site(guarded: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Topics and rights as the admin makes them."""
    settings = of(
        Settings(
            data=tmp_path_factory.mktemp("data") / "site",
            broker=guarded.address,
            broker_security="sasl_plaintext",
            broker_sasl_mechanism="PLAIN",
            topic_prefix="site.",
            partitions=2,
            raw_partitions=1,
            sql_port=ports.choose(0, ports.SQL, "sql_port"),
            hmac_key=SecretStr("a site key of the tests"),
        ),
        ADMIN,
    )
    datafolder.make_folders(settings)
    wanted = topics.wanted(settings, ["cloudtrail"])
    topics.create_missing(settings, [*wanted, topics.raw_topic(settings, "vault", "prod")])
    acls.apply(settings, acls.rights(settings, [PRODUCER]))
    return settings


def written(settings: Settings, topic: str) -> KafkaError | None:
    """What the broker says of a message to this topic."""
    said: list[KafkaError | None] = []
    producer = Producer(kafka_config(settings, **{"message.timeout.ms": 5_000}))
    try:
        producer.produce(topic, b"{}", on_delivery=lambda error, _: said.append(error))
    except KafkaException as error:
        return error.args[0]  # type: ignore[no-any-return]
    producer.flush(8)
    return said[0]


def test_a_producer_of_one_topic_writes_to_no_other_and_reads_none(site: Settings) -> None:
    mine = of(site, WRITER)
    # A broker learns of new rights a moment after they were granted.
    wait_for(lambda: written(mine, "site.raw.vault.prod") is None, "the right to write", 20)
    for topic in ("raw.cloudtrail", "raw.inventory", "facts", "findings", "activities", "rejects"):
        refused = written(mine, f"site.{topic}")
        assert refused is not None and refused.code() in (
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError._MSG_TIMED_OUT,
        ), topic
    with pytest.raises(Stop, match="Authorization failed"):
        topics.create_missing(mine, [topics.raw_topic(mine, "inventory")])
    reader = Consumer(kafka_config(mine, **{"group.id": "site.alerts-mine", "auto.offset.reset": "earliest"}))
    reader.subscribe(["site.findings"])
    said = [m.error() for m in (reader.poll(1.0) for _ in range(5)) if m is not None]
    reader.close()
    assert said and all(error is not None for error in said)


def test_each_stage_works_with_its_own_rights_alone(site: Settings) -> None:
    running = {stage: Stages(of(site, f"gapwatch-{stage}")) for stage in STAGES}
    try:
        for stage in ("deliver", "correlate", "normalise"):
            running[stage].start(stage)
        producer = Producer(kafka_config(site))
        for path in sorted(SAMPLES.glob("*us-east-1*.json")):
            producer.produce("site.raw.cloudtrail", path.read_bytes())
        producer.flush(20)
        endpoint = site.model_copy(update={"clickhouse": f"http://127.0.0.1:{site.sql_port}"})

        def rows(table: str) -> int:
            return int(query.rows(endpoint, f"SELECT count() AS n FROM {table}")[0]["n"])

        time.sleep(1)
        wait_for(lambda: rows("activities") and rows("dossiers") and rows("assurance"), "rows of all", 60)
    finally:
        for stages in running.values():
            stages.close()
