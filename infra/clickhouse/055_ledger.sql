-- The ledger: what each control is worth for each identity and subject now. A row is written when a verdict changes, and
-- never because time went by: what grows old, and what a log that lags no longer shows, is settled when it is asked for.

-- What the catalogue says of each control, and the pages of each source; written whenever `deliver` starts.
CREATE TABLE IF NOT EXISTS controls
(
    control       LowCardinality(String),
    version       LowCardinality(String),
    title         String                COMMENT 'what it finds, in words',
    good_seconds  Nullable(UInt64)      COMMENT 'for how long a proof is good; null: for good',
    good_why      String                COMMENT 'why so long',
    remediation   String                COMMENT 'what to do about a finding',
    written       DateTime64(3, 'UTC')  DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(written)
ORDER BY control;

CREATE TABLE IF NOT EXISTS sources
(
    source       LowCardinality(String),
    lag_seconds  Nullable(UInt64)       COMMENT 'how far it may be behind; null: it only declares, and is never behind',
    gives        String                 COMMENT 'what its records show',
    cannot_show  String                 COMMENT 'what they do not show',
    ship         String                 COMMENT 'how it is collected, and what to switch on',
    written      DateTime64(3, 'UTC')   DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(written)
ORDER BY source;

-- How far each source has come, minute by minute of our own clock: what was known when. An event that says a time later than
-- its arrival moves no watermark.
CREATE TABLE IF NOT EXISTS {internal}.source_progress
(
    source       LowCardinality(String),
    instance     LowCardinality(String),
    minute       DateTime('UTC')        COMMENT 'of arrival',
    newest       SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'latest event time that arrived in it',
    last_arrived SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (source, instance, minute)
TTL minute + INTERVAL 1100 DAY DELETE WHERE minute > toDateTime('2000-01-01 00:00:00');

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.source_progress_view TO {internal}.source_progress AS
SELECT source, instance, toStartOfMinute(toDateTime(arrived, 'UTC')) AS minute,
       max(least(time, arrived)) AS newest, max(arrived) AS last_arrived
FROM activities
GROUP BY source, instance, minute;

-- What came before; max is taken twice without harm.
INSERT INTO {internal}.source_progress (source, instance, minute, newest, last_arrived)
SELECT source, instance, toStartOfMinute(toDateTime(arrived, 'UTC')) AS minute,
       max(least(time, arrived)) AS newest, max(arrived) AS last_arrived
FROM activities
GROUP BY source, instance, minute;

-- On what a row rests. Of rows that were stored before, as far as their evidence says it. Each history comes first: a view
-- copies all columns into it.
ALTER TABLE assurance_history
    ADD COLUMN IF NOT EXISTS proven_time Nullable(DateTime64(3, 'UTC'))
        DEFAULT if(compliance_status != 'proven', NULL,
                   fromUnixTimestamp64Milli(coalesce(JSONExtract(ocsf, 'unmapped', 'proof', 'time', 'Nullable(Int64)'),
                                                     JSONExtract(ocsf, 'end_time', 'Nullable(Int64)')), 'UTC'))
        COMMENT 'of a proven row, when it was proven',
    ADD COLUMN IF NOT EXISTS hangs_on LowCardinality(String)
        DEFAULT if(JSONHas(ocsf, 'unmapped', 'hangs_on'), JSONExtractString(ocsf, 'unmapped', 'hangs_on'),
                   JSONExtractString(ocsf, 'finding_info', 'data_sources', 1))
        COMMENT 'source, or source/instance, whose records would contradict it',
    ADD COLUMN IF NOT EXISTS judged_watermark Nullable(DateTime64(3, 'UTC'))
        DEFAULT fromUnixTimestamp64Milli(JSONExtract(ocsf, 'unmapped', 'watermark', 'Nullable(Int64)'), 'UTC')
        COMMENT 'how far that source had been read when it was judged';

ALTER TABLE assurance
    ADD COLUMN IF NOT EXISTS proven_time Nullable(DateTime64(3, 'UTC'))
        DEFAULT if(compliance_status != 'proven', NULL,
                   fromUnixTimestamp64Milli(coalesce(JSONExtract(ocsf, 'unmapped', 'proof', 'time', 'Nullable(Int64)'),
                                                     JSONExtract(ocsf, 'end_time', 'Nullable(Int64)')), 'UTC'))
        COMMENT 'of a proven row, when it was proven',
    ADD COLUMN IF NOT EXISTS hangs_on LowCardinality(String)
        DEFAULT if(JSONHas(ocsf, 'unmapped', 'hangs_on'), JSONExtractString(ocsf, 'unmapped', 'hangs_on'),
                   JSONExtractString(ocsf, 'finding_info', 'data_sources', 1))
        COMMENT 'source, or source/instance, whose records would contradict it',
    ADD COLUMN IF NOT EXISTS judged_watermark Nullable(DateTime64(3, 'UTC'))
        DEFAULT fromUnixTimestamp64Milli(JSONExtract(ocsf, 'unmapped', 'watermark', 'Nullable(Int64)'), 'UTC')
        COMMENT 'how far that source had been read when it was judged';

-- A verdict that does not change is not written again, so its history is kept as long as the row itself.
ALTER TABLE assurance_history MODIFY TTL toDateTime(stored) + INTERVAL 1100 DAY;

CREATE OR REPLACE VIEW assurance_current AS SELECT * FROM assurance FINAL;

-- How far each source had come at a time.
CREATE OR REPLACE VIEW watermarks_at AS
SELECT source, instance, if(instance IN ('', 'default'), toString(source), concat(source, '/', instance)) AS origin,
       max(newest) AS watermark
FROM {internal}.source_progress
WHERE last_arrived <= {at:DateTime64(6, 'UTC')}
GROUP BY source, instance;

-- The ledger as it stood at a time: SELECT … FROM ledger_at(at = '2026-11-22 10:00:00'). Rows, proofs and watermarks are those
-- of then; the limits are those of now.
CREATE OR REPLACE VIEW ledger_at AS
WITH
said AS
(
    SELECT uid,
           argMax((control, identity, identity_name, subject, credential, credential_name, owner), version) AS who,
           argMax((compliance_status, title, description, hangs_on), version) AS what,
           argMaxIf((proven_time, evidence, origins), version, compliance_status = 'proven') AS proof,
           argMax((evidence, stored, judged_watermark), version) AS rests, min(stored) AS first_stored
    FROM assurance_history
    WHERE stored <= {at:DateTime64(3, 'UTC')}
    GROUP BY uid
    HAVING what.1 NOT IN ('withdrawn', '')
),
reached AS (SELECT origin, watermark FROM watermarks_at(at = {at:DateTime64(3, 'UTC')})),
any_of AS (SELECT source, max(watermark) AS watermark FROM watermarks_at(at = {at:DateTime64(3, 'UTC')}) GROUP BY source),
placed AS
(
    SELECT said.uid AS row_uid, said.who AS who, said.what AS what, said.rests AS rests, said.first_stored AS first_stored,
           said.proof.2 AS proof_events, said.proof.3 AS proof_from, toString(said.what.4) AS origin, c.title AS named,
           c.good_seconds AS limit_seconds, c.good_why AS limit_why, src.lag_seconds AS behind_seconds,
           coalesce(nullIf(reached.watermark, toDateTime64(0, 6, 'UTC')), nullIf(any_of.watermark, toDateTime64(0, 6, 'UTC'))) AS come,
           -- Of a source that speaks, and of whatever is proven by no single event, the proof is as young as the log.
           if(said.what.1 = 'proven', coalesce(nullIf(said.proof.1, toDateTime64(0, 3, 'UTC')), toDateTime64(come, 3, 'UTC'), said.rests.2), said.proof.1) AS proven_at,
           addSeconds(proven_at, limit_seconds) AS good_to,
           said.what.1 = 'proven' AND ifNull(good_to < {at:DateTime64(3, 'UTC')}, false) AS is_stale,
           said.what.1 = 'proven' AND src.source != '' AND behind_seconds IS NOT NULL
               AND ifNull(addSeconds(come, behind_seconds) < {at:DateTime64(3, 'UTC')}, true) AS is_behind
    FROM said
    LEFT JOIN (SELECT * FROM controls FINAL) AS c ON c.control = said.who.1
    LEFT JOIN (SELECT * FROM sources FINAL) AS src ON src.source = splitByChar('/', toString(said.what.4))[1]
    LEFT JOIN reached ON reached.origin = toString(said.what.4)
    LEFT JOIN any_of ON any_of.source = splitByChar('/', toString(said.what.4))[1]
)
SELECT row_uid AS uid, who.2 AS identity, who.3 AS identity_name, toString(who.1) AS control, named AS control_title,
       who.4 AS subject, who.5 AS credential, who.6 AS credential_name, who.7 AS owner,
       if(is_stale OR is_behind, 'assumed', toString(what.1)) AS value, toString(what.1) AS judged,
       multiIf(is_stale, 'stale', is_behind, 'source behind', '') AS aged,
       multiIf(
           is_stale, concat('proven last at ', formatDateTime(assumeNotNull(proven_at), '%Y-%m-%dT%H:%i:%SZ'), ', ',
                            toString(dateDiff('day', assumeNotNull(proven_at), {at:DateTime64(3, 'UTC')})), ' days ago; a proof is good for ',
                            toString(round(assumeNotNull(limit_seconds) / 86400, 1)), ' days: ', limit_why, '. Then: ', what.3),
           is_behind AND come IS NULL, concat('no ', origin, ' records are stored that would contradict it. Proven: ', what.3),
           is_behind, concat('the ', origin, ' log has been read up to ', formatDateTime(assumeNotNull(come), '%Y-%m-%dT%H:%i:%SZ'),
                             ' only, ', toString(dateDiff('hour', assumeNotNull(come), {at:DateTime64(3, 'UTC')})),
                             ' hours ago: what would contradict it may not be here yet. Proven: ', what.3),
           what.3) AS reason,
       proven_at AS proven_time, proof_events AS proof, proof_from AS proof_origins, good_to AS good_until,
       limit_seconds AS good_seconds, limit_why AS good_why, origin AS hangs_on, come AS watermark,
       behind_seconds AS lag_seconds, rests.1 AS evidence, first_stored AS since, rests.2 AS changed, what.2 AS title
FROM placed;

-- The same, now.
CREATE OR REPLACE VIEW ledger
(
    uid             String                          COMMENT 'of the row: the same for one control and subject',
    identity        String                          COMMENT 'key of the identity',
    identity_name   String                          COMMENT 'what people call it; never joined on',
    control         String                          COMMENT 'which control judges',
    control_title   String                          COMMENT 'what the control finds',
    subject         String                          COMMENT 'what it is about: a credential, grant, tool, …',
    credential      String                          COMMENT 'key of the credential',
    credential_name String                          COMMENT 'what people call it; never joined on',
    owner           String                          COMMENT 'who answers for the identity, as declared',
    value           String                          COMMENT 'proven, violated, assumed, unverifiable or indeterminate, as of now',
    judged          String                          COMMENT 'the same as it was judged last',
    aged            String                          COMMENT 'why value is less than judged: stale, source behind; empty: it is not',
    reason          String                          COMMENT 'why, in words',
    proven_time     Nullable(DateTime64(3, 'UTC'))  COMMENT 'time of the last proof',
    proof           Array(String)                   COMMENT 'uid in activities of the events of the last proof',
    proof_origins   Array(String)                   COMMENT 'who gave these ids',
    good_until      Nullable(DateTime64(3, 'UTC'))  COMMENT 'until when the last proof is good; null: for good, or none',
    good_seconds    Nullable(UInt64)                COMMENT 'for how long a proof of the control is good; null: for good',
    good_why        String                          COMMENT 'why so long',
    hangs_on        String                          COMMENT 'source, or source/instance, whose records would contradict it',
    watermark       Nullable(DateTime64(6, 'UTC'))  COMMENT 'how far that source has come; null: nothing of it is stored',
    lag_seconds     Nullable(UInt64)                COMMENT 'how far it may be behind',
    evidence        Array(String)                   COMMENT 'uid in activities of the events of the last verdict',
    since           DateTime64(3, 'UTC')            COMMENT 'when a verdict was stored first',
    changed         DateTime64(3, 'UTC')            COMMENT 'when it changed last',
    title           String                          COMMENT 'what it is, in a sentence'
) AS
SELECT * FROM ledger_at(at = now64(3, 'UTC'));
