"""Stage `deliver`: topics into ClickHouse, at least once; with the embedded engine also its SQL endpoint.

Offsets are committed only after the rows are in. While ClickHouse is away nothing is consumed, and the
consumer stays in its group by polling; memory holds one batch and librdkafka's bounded queue.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
import threading
from typing import TYPE_CHECKING

from streams.clickhouse.dossier_store import compact
from streams.clickhouse.engine import Certificates, Engine, Limits, connect
from streams.clickhouse.migrations import bind_key, migrate, next_epoch
from streams.clickhouse.reference import write_reference
from streams.clickhouse.retention import retain
from streams.clickhouse.sql_endpoint import SqlEndpoint
from streams.delivering.batches import Batches
from streams.delivering.standing import Standing, lags
from streams.kafka import topics
from streams.kafka.connection import kafka_config, no_answer, read_secrets
from streams.site.settings import Settings
from streams.site.shut_in import said, shut_in
from streams.site.sitekey import check_value, former_keys, site_key
from streams.site.stage import Stage

if TYPE_CHECKING:
    from confluent_kafka import Consumer

GROUP = "deliver"
COMPACT_SECONDS = 300.0
"""How often crowded dossiers are joined: at one write a second that is 300 small rows a busy key."""
TABLES = (
    *(topics.ACTIVITIES, topics.REJECTS, topics.CREDENTIALS, topics.FINDINGS, topics.ASSURANCE, topics.NOTES),
)
QUEUE_KIB = 32 * 2**10
"""What librdkafka fetches ahead: half a second at full speed, and all that waits while ClickHouse is away."""
METADATA_MS = 3000
"""How soon a topic that appears later (the changelog) is found; librdkafka's own default is five minutes."""

log = logging.getLogger("gapwatch.deliver")


def main(settings: Settings, stage: Stage) -> None:
    """Delivers until `stage.stopping` is set, then stores what it holds and returns."""
    engine = open_engine(settings)
    endpoint = None
    try:
        if applied := migrate(engine):
            log.info("applied %s", ", ".join(applied))
        if changed := retain(engine, settings.retention):
            log.info("rows are kept for another time in %s", ", ".join(changed))
        write_reference(engine, settings.freshness, settings.source_lag, settings.source_lags)
        if settings.hmac_key or settings.embedded_engine:
            former = [check_value(key) for key in former_keys(settings)]
            bind_key(engine, check_value(site_key(settings)), former)
        if engine.embedded:
            endpoint = SqlEndpoint(engine, settings.sql_host, settings.sql_port or 0)
            endpoint.start()
            log.info("SQL endpoint on http://%s:%d", endpoint.host, endpoint.port)
        compactor = _start_compacting(engine, stage)
        consumer = _consumer(settings)
        epoch = next_epoch(engine, stage.broker_id or _cluster_id(settings, consumer))
        batches = Batches(settings, engine, consumer, stage, epoch)
        batches.subscribe([*_exactly(settings), changelog_pattern(settings)], table_of(settings))
        standing = Standing(lags(settings.source_lag, settings.source_lags)).go_on(engine, stage.stopping)
        stage.ready()
        batches.run()
        compactor.join()
        standing.join()
    finally:
        if endpoint:
            endpoint.stop()
        engine.close()


def prepare(settings: Settings) -> None:
    """Shuts the process of this stage in; to be called first of all in the process of this stage: whoever
    asks the embedded engine asks this process, so it reaches the data folder and nothing else."""
    if not settings.embedded_engine:
        return
    _use_private_temporary_folder(settings)
    read_secrets(settings)
    shut_in([settings.data])
    log.info("the engine's process is %s", said())


def open_engine(settings: Settings) -> Engine:
    """Returns the engine of these settings. Raises NotRunning where it cannot be reached."""
    if settings.embedded_engine:
        _use_private_temporary_folder(settings)
    limits = Limits(
        time=settings.sql_time_limit,
        memory=settings.sql_memory_limit,
        rows=settings.sql_row_limit,
        result_bytes=settings.sql_result_limit,
    )
    return connect(
        settings.clickhouse,
        settings.engine_path,
        database=settings.clickhouse_database,
        internal=settings.internal_database,
        user=settings.clickhouse_user,
        password=settings.clickhouse_secret,
        certificates=Certificates(
            settings.clickhouse_ca_file, settings.clickhouse_certificate, settings.clickhouse_key
        ),
        limits=limits,
        cluster=settings.clickhouse_cluster if settings.clickhouse else "",
    )


def table_of(settings: Settings) -> dict[str, str]:
    """Returns the table of each topic; a topic that is not among them is the changelog, whose table is
    dossiers."""
    return {topics.name(settings, table): table for table in TABLES}


def changelog_pattern(settings: Settings) -> str:
    """Returns the changelog of Faust's table `dossiers`, as Faust names it: the app's id (and version),
    table, changelog."""
    return "^" + re.escape(settings.topic_prefix) + r"correlate(-v[0-9]+)?-dossiers-changelog$"


def _exactly(settings: Settings) -> list[str]:
    return ["^" + re.escape(name) + "$" for name in table_of(settings)]


def _consumer(settings: Settings) -> Consumer:
    from confluent_kafka import Consumer

    config = kafka_config(
        settings,
        **{
            "group.id": settings.topic_prefix + GROUP,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "topic.metadata.refresh.interval.ms": METADATA_MS,
            "queued.max.messages.kbytes": QUEUE_KIB,
            "fetch.queue.backoff.ms": topics.FULL_QUEUE_MS,
            "fetch.wait.max.ms": 100,
            # The embedded broker lets a member in after a few heartbeats; the default of 3 s makes that slow.
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 500,
        },
    )
    return Consumer(config)


def _cluster_id(settings: Settings, consumer: Consumer) -> str:
    """Tells one Kafka from another. Raises NotRunning where none answers."""
    from confluent_kafka import KafkaException

    try:
        return str(consumer.list_topics(timeout=topics.ADMIN_TIMEOUT_SECONDS).cluster_id)
    except KafkaException as error:
        raise no_answer(settings, error) from None


def _start_compacting(engine: Engine, stage: Stage) -> threading.Thread:
    """Joins crowded dossiers now and then; what fails is tried again next time."""

    def work() -> None:
        while not stage.stopping.is_set():
            try:
                if gone := compact(engine):
                    log.info("joined %d superseded rows of dossiers away", gone)
            except Exception:
                log.warning("dossiers were not compacted, trying again later", exc_info=True)
            stage.stopping.wait(COMPACT_SECONDS)

    thread = threading.Thread(target=work, name="compact", daemon=True)
    thread.start()
    return thread


def _use_private_temporary_folder(settings: Settings) -> None:
    """Blocks on their way into the embedded engine pass through files: in our folder, not in everybody's."""
    folder = settings.engine_path / "gapwatch-tmp"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    tempfile.tempdir = str(folder)
    # The engine makes a folder of its own there as it is loaded.
    os.environ["TMPDIR"] = str(folder)
