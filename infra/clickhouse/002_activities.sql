-- Activities: one row per vendor event, for hunting.
CREATE TABLE IF NOT EXISTS activities
(
    uid         String                      COMMENT 'the vendor''s own id of the event',
    time        DateTime64(6, 'UTC')        COMMENT 'when the vendor says it happened' CODEC(Delta, ZSTD(1)),
    source      LowCardinality(String)      COMMENT 'cloudtrail, vault, otel, inventory, …',
    instance    LowCardinality(String)      COMMENT 'the installation that wrote the record',
    identity    String                      COMMENT 'key of the identity that acted',
    actor_name  String                      COMMENT 'what the vendor calls it',
    credential  String                      COMMENT 'key of the credential that was presented',
    names       Array(String)               COMMENT 'other keys of the same credential',
    operation   LowCardinality(String),
    service     LowCardinality(String),
    outcome     LowCardinality(String)      COMMENT 'succeeded, failed, forbidden, unauthenticated or unknown',
    action      LowCardinality(String)      COMMENT 'what kind of use: identity_write, secret_read, …',
    place       String                      COMMENT 'address or network element of the caller',
    client      String                      COMMENT 'user agent',
    target      String                      COMMENT 'what the event is about, where that is not the caller',
    resource    String,
    error       String,
    incarnation String                      COMMENT 'what tells the identity from a successor of its name',
    allowed_by  String                      COMMENT 'key of the grant that allowed it',
    effects     String                      COMMENT 'JSON: what the event changes; facts are derived from it' CODEC(ZSTD(3)),
    topic       LowCardinality(String)      COMMENT 'place of the raw record: topic, partition, offset, line',
    partition   Int32,
    offset      Int64                       CODEC(Delta, ZSTD(1)),
    line        Int64,
    arrived     DateTime64(6, 'UTC')        COMMENT 'when the raw record came in' CODEC(Delta, ZSTD(1)),
    processed   DateTime64(6, 'UTC')        COMMENT 'when it was read' CODEC(Delta, ZSTD(1)),
    -- A hunt names an identity (the ordering key) or one of these. A credential belongs to one identity, so its rows lie
    -- in few granules and a bloom filter skips nearly all others; a projection would store the table twice.
    INDEX by_credential credential TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_uid        uid        TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_target     target     TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_place      place      TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_time       time       TYPE minmax             GRANULARITY 1
)
-- What comes twice (at-least-once delivery, a log read again) is one row: all of the key is a function of the record, and
-- of two readings the later one stays, whichever was inserted last.
ENGINE = ReplacingMergeTree(processed)
-- By our own clock: vendors' clocks may name any year, and a partition for each would stop inserts.
PARTITION BY toYYYYMM(arrived)
-- "What did this identity do, in order" is the question asked most; uid, source and instance make the row unique.
ORDER BY (identity, time, source, instance, uid)
-- As long as a credential of unknown life is remembered. By arrival: an old log sent in today is not gone tomorrow.
TTL toDateTime(arrived) + INTERVAL 400 DAY DELETE WHERE arrived > toDateTime64('2000-01-01 00:00:00', 6, 'UTC');

-- Rows as they come: JSON lines with times in microseconds. This table stores nothing; the view below it gives them types.
CREATE TABLE IF NOT EXISTS activities_in
(
    uid String, time Int64, source String, instance String DEFAULT 'default', identity String, actor_name String,
    credential String, names Array(String), operation String, service String, outcome String DEFAULT 'unknown',
    action String, place String, client String, target String, resource String, error String, incarnation String,
    allowed_by String, effects String,
    topic String, partition Int32, offset Int64, line Int64, arrived Int64, processed Int64
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS activities_in_view TO activities AS
SELECT * REPLACE (
    fromUnixTimestamp64Micro(time, 'UTC') AS time,
    fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived,
    fromUnixTimestamp64Micro(processed, 'UTC') AS processed
)
FROM activities_in;
