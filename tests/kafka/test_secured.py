"""A Kafka that asks who calls: by user and password, by SCRAM, by token and by certificate. With the rights
that are shipped and no others each stage works, whichever way it comes in, and a producer of one topic
writes no other."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from infra.kafka import acls
from streams.clickhouse import query
from streams.kafka import topics
from streams.kafka.connection import kafka_config
from streams.site import datafolder
from streams.site.errors import Stop
from streams.site.renewal import RENEWED
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
TOKEN_SECONDS = 9.0
"""Long enough for a busy machine to log in with, short enough to be waited for."""
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
            partitions=4,
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


def written(settings: Settings, topic: str, seconds: float = 5.0) -> KafkaError | None:
    """What the broker says of a message to this topic."""
    said: list[KafkaError | None] = []
    producer = Producer(kafka_config(settings, **{"message.timeout.ms": int(seconds * 1_000)}))
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


def token(user: str, seconds: float) -> str:
    """A JWT that nobody signed, as this broker takes them."""
    now = time.time()
    claims = {"sub": user, "iat": now, "exp": now + seconds}
    head, body = (
        urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims)
    )
    return f"{head.decode()}.{body.decode()}."


def show(path: Path, text: str) -> None:
    """As somebody else keeps it current."""
    draft = path.with_suffix(".new")
    draft.write_text(text + "\n")
    draft.replace(path)


WAYS = ("certificate", "plain", "scram", "token")


def by(way: str, settings: Settings, kafka: Kafka, user: str, folder: Path) -> Settings:
    """The settings of who comes in as this user by this way."""
    folder.mkdir(exist_ok=True)
    secured = {"broker_ca_file": kafka.authority.file, "broker_security": "sasl_ssl", "broker_password": None}
    if way == "plain":
        return of(settings, user)
    if way == "scram":
        show(folder / f"{user}.password", user)
        secured |= {"broker_sasl_mechanism": "SCRAM-SHA-512", "broker_user": user}
        secured |= {"broker_password_file": folder / f"{user}.password"}
    elif way == "token":
        show(folder / f"{user}.token", token(user, 3_000))
        secured |= {"broker_sasl_mechanism": "OAUTHBEARER", "broker_token_file": folder / f"{user}.token"}
    else:
        certificate, key = kafka.authority.issue(user)
        secured |= {"broker_security": "ssl", "broker_certificate": certificate, "broker_key": key}
    port = kafka.doors[{"token": "oauth", "certificate": "mutual"}.get(way, way)]
    return settings.model_copy(update=secured | {"broker": f"127.0.0.1:{port}"})


@pytest.mark.parametrize("way", WAYS)
def test_every_client_comes_in_by_the_same_settings(
    way: str, site: Settings, guarded: Kafka, tmp_path: Path
) -> None:
    settings = by(way, site, guarded, WRITER, tmp_path)
    wait_for(lambda: written(settings, "site.raw.vault.prod") is None, "a message to be taken", 20)
    refused = written(settings, "site.facts")
    assert refused is not None
    admin = topics.admin_client(by(way, site, guarded, "gapwatch-alerts", tmp_path))
    assert "site.findings" in admin.list_topics(timeout=10).topics


@pytest.mark.parametrize(
    ("way", "wrong"),
    [
        ("scram", {"broker_password_file": None, "broker_password": SecretStr("not it")}),
        ("certificate", {"broker_certificate": None, "broker_key": None}),
        ("certificate", {"broker_ca_file": None}),
    ],
)
def test_who_shows_the_wrong_thing_does_not_come_in(
    way: str, wrong: dict[str, object], site: Settings, guarded: Kafka, tmp_path: Path
) -> None:
    settings = by(way, site, guarded, WRITER, tmp_path).model_copy(update=wrong)
    assert written(settings, "site.raw.vault.prod", 2.0) is not None


def test_a_token_that_has_ended_or_is_not_there_is_said_at_once(
    site: Settings, guarded: Kafka, tmp_path: Path
) -> None:
    settings = by("token", site, guarded, WRITER, tmp_path)
    show(tmp_path / f"{WRITER}.token", token(WRITER, -3_600))
    with pytest.raises(Stop, match=r"has ended 36.. s ago"):
        kafka_config(settings)
    (tmp_path / f"{WRITER}.token").unlink()
    with pytest.raises(Stop, match=r"broker_token_file: .* cannot be read"):
        kafka_config(settings)


def test_each_stage_works_with_its_own_rights_alone_and_goes_on_when_its_token_has_ended(
    site: Settings, guarded: Kafka, tmp_path: Path
) -> None:
    """Four workers of correlate come in by four ways, normalise by a token, deliver (which is shut in) by
    one too. Tokens live for seconds and are renewed in their files; a new certificate is taken as well."""
    users = [f"gapwatch-{stage}" for stage in STAGES]
    settings = {user: by("token", site, guarded, user, tmp_path) for user in users}
    holding = _Renewing(tmp_path, users)
    workers = [by(way, site, guarded, "gapwatch-correlate", tmp_path) for way in WAYS]
    plans = [("deliver", 0, settings["gapwatch-deliver"]), ("normalise", 0, settings["gapwatch-normalise"])]
    plans += [("correlate", number, worker) for number, worker in enumerate(workers)]
    running = [(Stages(settings), name, number) for name, number, settings in plans]
    try:
        holding.start()
        started = [(stages, stages.start(name, number, wait=False)) for stages, name, number in running]
        for stages, stage in started:
            stages.wait_ready(stage)
        endpoint = site.model_copy(update={"clickhouse": f"http://127.0.0.1:{site.sql_port}"})
        paths = sorted(SAMPLES.glob("*us-east-1*.json"))

        def rows(table: str) -> int:
            return int(query.rows(endpoint, f"SELECT count() AS n FROM {table}")[0]["n"])

        _send(site, paths[:1])
        wait_for(
            lambda: rows("activities") and rows("{internal}.dossiers") and rows("assurance"),
            "rows of all",
            120,
        )
        before = rows("activities")
        wait_for(lambda: holding.renewed >= 3 * len(users), "the first tokens to have ended", 60)
        _send(site, paths[1:])
        wait_for(lambda: rows("activities") > before, "rows after the first tokens have ended", 120)
        admin = topics.admin_client(site)
        facts = [TopicPartition("site.facts", number) for number in range(len(WAYS))]
        wait_for(lambda: _taken(admin, facts) == len(WAYS), "every worker to have taken its facts", 120)
        assert all(stage.running() for _, stage in started)
        stages, first = started[len(STAGES) - 1]
        guarded.authority.issue("gapwatch-correlate")
        wait_for(lambda: first.ended() is not None, "the end of who has a new certificate", 60)
        assert first.ended() == RENEWED, stages.log(first)
        stages.wait_ready(stages.start("correlate", 0, wait=False))
    finally:
        for stages, _, _ in running:
            stages.close()
        holding.stop()


class _Renewing:
    """Keeps tokens that live for a few seconds current."""

    def __init__(self, folder: Path, users: list[str]) -> None:
        self._folder, self._users, self._over = folder, users, threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)
        self.renewed = 0

    def _renew(self) -> None:
        while not self._over.wait(TOKEN_SECONDS / 3):
            for user in self._users:
                show(self._folder / f"{user}.token", token(user, TOKEN_SECONDS))
                self.renewed += 1

    def start(self) -> None:
        for user in self._users:
            show(self._folder / f"{user}.token", token(user, TOKEN_SECONDS))
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


def _send(site: Settings, paths: list[Path]) -> None:
    producer = Producer(kafka_config(site))
    for path in paths:
        producer.produce("site.raw.cloudtrail", path.read_bytes())
    assert producer.flush(20) == 0


def _taken(admin: AdminClient, facts: list[TopicPartition]) -> int:
    """Of how many partitions the workers have committed something."""
    asked = ConsumerGroupTopicPartitions("site.correlate", facts)
    partitions = admin.list_consumer_group_offsets([asked])["site.correlate"].result().topic_partitions
    return sum(at.offset > 0 for at in partitions)
