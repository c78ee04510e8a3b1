-- Rejects: what could not be read, with its place and the reason, never the record itself (it may hold secrets; its size
-- and SHA-256 tell whether two are the same).
CREATE TABLE IF NOT EXISTS rejects
(
    source    LowCardinality(String),
    instance  LowCardinality(String),
    topic     LowCardinality(String) COMMENT 'place of the record: topic, partition and offset, line in a file',
    partition Int32,
    offset    Int64                  CODEC(Delta, ZSTD(1)),
    line      Int64,
    place     String                 COMMENT 'place inside the record, empty for the whole',
    field     String                 COMMENT 'what is wrong',
    reason    String                 COMMENT 'why',
    arrived   DateTime64(6, 'UTC')   CODEC(Delta, ZSTD(1)),
    size      UInt64                 COMMENT 'bytes of the record',
    sha256    String                 COMMENT 'of the record, in hex'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(arrived)
-- By source and time, as they are looked for. Offsets alone do not tell two records apart (they start again with a new
-- broker), so the digest is part of the key.
ORDER BY (source, instance, arrived, topic, partition, offset, line, place, field, sha256)
-- Raw records are kept for a week at most, so a reject older than a quarter helps nobody.
TTL toDateTime(arrived) + INTERVAL 90 DAY DELETE WHERE arrived > toDateTime64('2000-01-01 00:00:00', 6, 'UTC');

-- As activities_in: times come in microseconds.
CREATE TABLE IF NOT EXISTS rejects_in
(
    source String, instance String DEFAULT 'default', topic String, partition Int32, offset Int64, line Int64,
    place String, field String, reason String, arrived Int64, size UInt64, sha256 String
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS rejects_in_view TO rejects AS
SELECT * REPLACE (fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived)
FROM rejects_in;
