"""The Faust app of the correlators: its names, its numbers, and its client's log within reason."""

from __future__ import annotations

import logging
from typing import Any

from streams.correlating.rewinding import Sought, rewinding
from streams.kafka import topics
from streams.kafka.connection import faust_broker, faust_credentials
from streams.kafka.seldom import Seldom
from streams.site.settings import Settings

TABLE = "dossiers"
SESSION_SECONDS = 6.0
"""A killed worker's partitions move after this long. Kafka allows no less by default; Faust's 60 would be
an outage."""
HEARTBEAT_SECONDS = 1.0
COMMIT_SECONDS = 1.0
BUFFERED_ENVELOPES = 64
"""Envelopes read ahead per stream: Faust's 4,096 could be 2 GB."""
BATCH_BYTES = 512 * 2**10
"""Of one batch of outgoing messages; a broker's limit for a batch is 1 MB by default."""
CHANGELOG_SEGMENT_BYTES = 64 * 2**20
"""A broker compacts only segments that are full. With Kafka's own 1 GB a worker that takes a partition over
would read a gigabyte of dossiers that are long replaced."""
CLIENT_LOGGERS = (
    "aiokafka",
    "aiokafka.cluster",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


def changelog(settings: Settings) -> str:
    """Returns the name of the topic that holds every version of every dossier."""
    return f"{app_id(settings)}-{TABLE}-changelog"


def app_id(settings: Settings) -> str:
    """Returns the name of the Faust app, and of its consumer group."""
    return topics.name(settings, "correlate")


def make_app(settings: Settings, worker: int, sought: Sought) -> Any:
    """Returns the Faust app. ``sought`` learns from which offset each partition of facts is read. Each
    number that is not a default of Faust is argued, or was measured, where it is defined."""
    import faust

    folder = settings.data.absolute() / "faust" / str(worker)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = faust.App(
        app_id(settings),
        broker=faust_broker(settings),
        broker_credentials=faust_credentials(settings),
        broker_session_timeout=SESSION_SECONDS,
        broker_heartbeat_interval=HEARTBEAT_SECONDS,
        broker_commit_interval=COMMIT_SECONDS,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=settings.record_limit + topics.ENVELOPE_ROOM,
        producer_max_request_size=settings.record_limit + topics.ENVELOPE_ROOM,
        producer_max_batch_size=BATCH_BYTES,
        # aiokafka packs lz4 at its slowest level: 76 MB/s of dossiers, where zstd packs 681 and tighter.
        producer_compression_type="zstd",
        datadir=str(folder),
        store="memory://",
        # A rebalance would wait for the events that write-behind has not acknowledged, for ever.
        stream_wait_empty=False,
        stream_buffer_maxsize=BUFFERED_ENVELOPES,
        table_standby_replicas=0,
        topic_partitions=settings.partitions,
        topic_replication_factor=settings.replication,
        web_enabled=False,
        reply_create_topic=False,
    )
    transport: Any = app.transport
    transport.Consumer = rewinding(topics.name(settings, topics.FACTS), sought)
    return app


def quieten() -> None:
    """Quietens the loggers of Faust and its libraries; to be called once per process."""
    seldom = Seldom(lambda record: record.msg)
    for name in CLIENT_LOGGERS:
        logging.getLogger(name).addFilter(seldom)
