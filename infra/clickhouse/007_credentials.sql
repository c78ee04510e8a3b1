-- Credentials: one current row per credential, each time with the vendor's own id of the event that says so.
CREATE TABLE IF NOT EXISTS credentials
(
    credential       String,
    version          UInt64 COMMENT 'epoch << 40 | topic offset' CODEC(Delta, ZSTD(1)),
    identity         String,
    kind             LowCardinality(String),
    parent           String COMMENT 'the credential it was issued by',
    issued_time      Nullable(DateTime64(6, 'UTC')),
    issued_uid       String,
    expires          Nullable(DateTime64(6, 'UTC')),
    died_time        Nullable(DateTime64(6, 'UTC')),
    died_uid         String,
    died_how         LowCardinality(String),
    first_use_time   Nullable(DateTime64(6, 'UTC')),
    first_use_uid    String,
    last_use_time    Nullable(DateTime64(6, 'UTC')),
    last_use_uid     String,
    last_use_outcome LowCardinality(String),
    last_success_time Nullable(DateTime64(6, 'UTC')),
    last_success_uid String,
    stored           DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX by_identity identity TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_parent   parent   TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY credential
-- A credential that nothing was heard of for this long is no longer in any dossier either.
TTL toDateTime(stored) + INTERVAL 800 DAY;

-- As activities_in: times come in microseconds, null or 0 for unknown.
CREATE TABLE IF NOT EXISTS credentials_in
(
    credential String, version UInt64, identity String, kind String, parent String,
    issued_time Int64, issued_uid String, expires Int64, died_time Int64, died_uid String, died_how String,
    first_use_time Int64, first_use_uid String, last_use_time Int64, last_use_uid String, last_use_outcome String,
    last_success_time Int64, last_success_uid String,
    CONSTRAINT is_a_credential CHECK credential != ''
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS credentials_in_view TO credentials AS
SELECT * REPLACE (
    fromUnixTimestamp64Micro(nullIf(issued_time, 0), 'UTC') AS issued_time,
    fromUnixTimestamp64Micro(nullIf(expires, 0), 'UTC') AS expires,
    fromUnixTimestamp64Micro(nullIf(died_time, 0), 'UTC') AS died_time,
    fromUnixTimestamp64Micro(nullIf(first_use_time, 0), 'UTC') AS first_use_time,
    fromUnixTimestamp64Micro(nullIf(last_use_time, 0), 'UTC') AS last_use_time,
    fromUnixTimestamp64Micro(nullIf(last_success_time, 0), 'UTC') AS last_success_time
)
FROM credentials_in;
