-- Assurance: OCSF Compliance Finding 2003, one current row per control and subject: is it proven, assumed, violated or not
-- verifiable that the record holds. Built like findings.
CREATE TABLE IF NOT EXISTS assurance
(
    ocsf              String COMMENT 'the whole finding' CODEC(ZSTD(3)),
    version           UInt64 COMMENT 'epoch << 40 | topic offset' CODEC(Delta, ZSTD(1)),
    uid               String DEFAULT JSONExtractString(ocsf, 'finding_info', 'uid'),
    control           LowCardinality(String) DEFAULT JSONExtractString(ocsf, 'finding_info', 'analytic', 'uid'),
    title             String DEFAULT JSONExtractString(ocsf, 'finding_info', 'title'),
    identity          String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'uid'),
    owner             String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'owner', 'name'),
    credential        String DEFAULT JSONExtractString(ocsf, 'evidences', 1, 'actor', 'user', 'credential_uid'),
    compliance_status_id UInt8 DEFAULT JSONExtractUInt(ocsf, 'compliance', 'status_id')
        COMMENT '1 proven, 2 assumed, 3 violated, 0 otherwise',
    compliance_status LowCardinality(String) DEFAULT JSONExtractString(ocsf, 'compliance', 'status')
        COMMENT 'the same in words, with unverifiable and indeterminate told apart',
    severity_id       UInt8 DEFAULT JSONExtractUInt(ocsf, 'severity_id'),
    confidence_id     UInt8 DEFAULT JSONExtractUInt(ocsf, 'confidence_id'),
    activity_id       UInt8 DEFAULT JSONExtractUInt(ocsf, 'activity_id'),
    status_id         UInt8 DEFAULT JSONExtractUInt(ocsf, 'status_id'),
    status_detail     String DEFAULT JSONExtractString(ocsf, 'status_detail'),
    time              DateTime64(3, 'UTC') DEFAULT fromUnixTimestamp64Milli(JSONExtractInt(ocsf, 'time'), 'UTC'),
    start_time        Nullable(DateTime64(3, 'UTC'))
        DEFAULT fromUnixTimestamp64Milli(JSONExtract(ocsf, 'start_time', 'Nullable(Int64)'), 'UTC'),
    end_time          Nullable(DateTime64(3, 'UTC'))
        DEFAULT fromUnixTimestamp64Milli(JSONExtract(ocsf, 'end_time', 'Nullable(Int64)'), 'UTC'),
    stored            DateTime64(3, 'UTC') DEFAULT now64(3),
    INDEX by_identity   identity   TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_credential credential TYPE bloom_filter(0.01) GRANULARITY 1,
    CONSTRAINT is_a_finding CHECK isValidJSON(ocsf) AND uid != ''
)
ENGINE = ReplacingMergeTree(version)
ORDER BY uid
TTL toDateTime(stored) + INTERVAL 1100 DAY;

-- When something was proven and when the proof ended.
CREATE TABLE IF NOT EXISTS assurance_history AS assurance
ENGINE = ReplacingMergeTree
ORDER BY (uid, version)
TTL toDateTime(stored) + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS assurance_history_view TO assurance_history AS SELECT * FROM assurance;
