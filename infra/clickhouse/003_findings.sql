-- Findings: OCSF Detection Finding 2004, one current row per finding. The JSON is stored as it was sent to subscribers; the
-- columns are read out of it here, so a column can never say something else than the finding.
-- `SELECT … FROM findings FINAL` (or the view findings_current) gives one row per finding at any moment; without FINAL an
-- update may be seen beside what it replaces until parts have merged.
CREATE TABLE IF NOT EXISTS findings
(
    ocsf          String COMMENT 'the whole finding' CODEC(ZSTD(3)),
    version       UInt64 COMMENT 'epoch << 40 | topic offset' CODEC(Delta, ZSTD(1)),
    uid           String DEFAULT JSONExtractString(ocsf, 'finding_info', 'uid'),
    control       LowCardinality(String) DEFAULT JSONExtractString(ocsf, 'finding_info', 'analytic', 'uid'),
    title         String DEFAULT JSONExtractString(ocsf, 'finding_info', 'title'),
    identity      String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'uid'),
    owner         String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'owner', 'name'),
    credential    String DEFAULT JSONExtractString(ocsf, 'evidences', 1, 'actor', 'user', 'credential_uid'),
    severity_id   UInt8 DEFAULT JSONExtractUInt(ocsf, 'severity_id'),
    confidence_id UInt8 DEFAULT JSONExtractUInt(ocsf, 'confidence_id'),
    activity_id   UInt8 DEFAULT JSONExtractUInt(ocsf, 'activity_id') COMMENT '1 create, 2 update, 3 close',
    status_id     UInt8 DEFAULT JSONExtractUInt(ocsf, 'status_id') COMMENT '1 new, 3 suppressed, 4 resolved',
    status_detail String DEFAULT JSONExtractString(ocsf, 'status_detail') COMMENT 'of a resolved one: withdrawn or ended',
    time          DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(JSONExtractInt(ocsf, 'time'), 'UTC'),
    start_time    Nullable(DateTime64(3, 'UTC'))
        DEFAULT fromUnixTimestamp64Milli(JSONExtract(ocsf, 'start_time', 'Nullable(Int64)'), 'UTC'),
    end_time      Nullable(DateTime64(3, 'UTC'))
        DEFAULT fromUnixTimestamp64Milli(JSONExtract(ocsf, 'end_time', 'Nullable(Int64)'), 'UTC'),
    stored        DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX by_identity   identity   TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_credential credential TYPE bloom_filter(0.01) GRANULARITY 1,
    CONSTRAINT is_a_finding CHECK isValidJSON(ocsf) AND uid != ''
)
ENGINE = ReplacingMergeTree(version)
-- The key is the uid alone: anything more would let an update stand beside what it replaces. Findings are few, so
-- hunts by control, severity or time may read them all.
ORDER BY uid
-- Longer than activities: a finding is a record of an incident.
TTL toDateTime(stored) + INTERVAL 1100 DAY;

-- Every update of every finding, in order: who knew what when. A table of its own, because the one above forgets
-- what was replaced. A redelivered update has the same version and stays one row.
CREATE TABLE IF NOT EXISTS findings_history AS findings
ENGINE = ReplacingMergeTree
ORDER BY (uid, version)
TTL toDateTime(stored) + INTERVAL 1100 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS findings_history_view TO findings_history AS SELECT * FROM findings;
