-- Notes: what analysts say of findings. Records of their own, beside the findings: no update, replay or rebuild of those
-- touches them. They come by the topic of the same name, which is kept for good (compacted by the note's id).
CREATE TABLE IF NOT EXISTS notes
(
    id       String                   COMMENT 'of the note',
    finding  String                   COMMENT 'uid of the finding',
    verb     LowCardinality(String)   COMMENT 'ack, assign, comment, close or reopen',
    author   String                   COMMENT 'who noted it',
    text     String                   COMMENT 'why, in words',
    assignee String                   COMMENT 'of assign: who looks into it',
    until    DateTime64(3, 'UTC')     COMMENT 'of ack and close: until when it holds; 1970: for good',
    noted    DateTime64(6, 'UTC')     COMMENT 'when',
    known    DateTime64(3, 'UTC')     COMMENT 'the finding''s end_time then: what comes later is not closed by a close'
)
ENGINE = ReplacingMergeTree
ORDER BY (finding, noted, id)
TTL toDateTime(noted) + INTERVAL 1100 DAY;

CREATE TABLE IF NOT EXISTS notes_in
(
    id String, finding String, verb String, author String, text String, assignee String, until Int64, noted Int64, known Int64
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS notes_in_view TO notes AS
SELECT * REPLACE (
    fromUnixTimestamp64Milli(until, 'UTC') AS until,
    fromUnixTimestamp64Micro(noted, 'UTC') AS noted,
    fromUnixTimestamp64Milli(known, 'UTC') AS known
)
FROM notes_in;

CREATE OR REPLACE VIEW worklist
(
    uid             String                          COMMENT 'of the finding',
    state           LowCardinality(String)          COMMENT 'open, acknowledged, closed (by an analyst), suppressed (by an exception) or resolved (by evidence)',
    severity        LowCardinality(String)          COMMENT 'informational, low, medium, high or critical',
    control         LowCardinality(String)          COMMENT 'which control tells it',
    title           String                          COMMENT 'what it is, in a sentence',
    description     String                          COMMENT 'what is on record',
    owner           String                          COMMENT 'who answers for the identity, as declared',
    assignee        String                          COMMENT 'who looks into it',
    note            String                          COMMENT 'what was noted last',
    noted_by        String                          COMMENT 'who noted it',
    notes           UInt64                          COMMENT 'how many notes there are',
    identity        String                          COMMENT 'key of the identity',
    credential      String                          COMMENT 'key of the credential',
    subject         String                          COMMENT 'what it is about: a credential, grant, tool, …',
    start_time      Nullable(DateTime64(3, 'UTC'))  COMMENT 'earliest evidence',
    end_time        Nullable(DateTime64(3, 'UTC'))  COMMENT 'latest evidence',
    changed         DateTime64(3, 'UTC')            COMMENT 'when it was told or changed last',
    status_detail   String                          COMMENT 'of a suppressed one the exception, of a resolved one withdrawn or ended',
    severity_id     UInt8                           COMMENT 'to order by: 1 informational to 5 critical',
    is_alert        Bool                            COMMENT 'whether it is to be looked at by itself',
    story           String                          COMMENT 'uid of the finding below which it stands'
) AS
SELECT f.uid AS uid,
       multiIf(f.status_id = 4, 'resolved', f.status_id = 3, 'suppressed',
               said.closing.1 = 'close' AND (said.closing.2 = 0 OR said.closing.2 > now()) AND coalesce(f.end_time, toDateTime64(0, 3, 'UTC')) <= said.closing.3, 'closed',
               said.acked.1 = 'ack' AND (said.acked.2 = 0 OR said.acked.2 > now()), 'acknowledged', 'open') AS state,
       f.severity AS severity, f.control AS control, f.title AS title, f.description AS description, f.owner AS owner,
       said.assigned AS assignee, said.last.1 AS note, said.last.2 AS noted_by, said.many AS notes, f.identity AS identity,
       f.credential AS credential, f.subject AS subject, f.start_time AS start_time, f.end_time AS end_time, f.stored AS changed,
       f.status_detail AS status_detail, f.severity_id AS severity_id, f.is_alert AS is_alert, f.story AS story
FROM (SELECT * FROM findings FINAL) AS f
LEFT JOIN
(
    SELECT finding, argMaxIf((verb, until, known), (noted, id), verb IN ('close', 'reopen')) AS closing,
           argMaxIf((verb, until), (noted, id), verb IN ('ack', 'reopen')) AS acked,
           argMaxIf(assignee, (noted, id), verb = 'assign') AS assigned,
           argMax((text, author), (noted, id)) AS last, uniqExact(id) AS many
    FROM notes
    GROUP BY finding
) AS said ON said.finding = f.uid
ORDER BY f.story != '', state NOT IN ('open', 'acknowledged'), severity_id DESC, end_time DESC, uid;

-- What became of findings, update by update; what only adds evidence is left out.
CREATE OR REPLACE VIEW changes
(
    changed     DateTime64(3, 'UTC')    COMMENT 'when it was stored',
    what        LowCardinality(String)  COMMENT 'opened, re-opened, closed, withdrawn, suppressed, got worse, eased',
    severity    LowCardinality(String)  COMMENT 'since then',
    was         LowCardinality(String)  COMMENT 'before, where the severity changed',
    control     LowCardinality(String)  COMMENT 'which control tells it',
    title       String                  COMMENT 'what it is, in a sentence',
    owner       String                  COMMENT 'who answers for the identity, as declared',
    identity    String                  COMMENT 'key of the identity',
    uid         String                  COMMENT 'of the finding',
    severity_id UInt8                   COMMENT 'to order by'
) AS
SELECT stored AS changed,
       multiIf(status_id = 4 AND before = 4, '', status_id = 4, if(status_detail = 'withdrawn', 'withdrawn', 'closed'),
               status_id = 3 AND before = 3, '', status_id = 3, 'suppressed',
               before = 0, 'opened', before != status_id, 're-opened',
               severity_id > severity_before, 'got worse', severity_id < severity_before, 'eased', '') AS what,
       severity, if(severity_before IN (0, severity_id), '', word_before) AS was, control, title, owner, identity, uid, severity_id
FROM
(
    SELECT stored, status_id, status_detail, severity, severity_id, control, title, owner, identity, uid,
           lagInFrame(status_id, 1, 0) OVER told AS before, lagInFrame(severity_id, 1, 0) OVER told AS severity_before,
           lagInFrame(severity, 1, '') OVER told AS word_before
    FROM findings_history FINAL
    WINDOW told AS (PARTITION BY uid ORDER BY version ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE what != ''
ORDER BY changed DESC, severity_id DESC, uid;

-- How much there is of everything, by severity.
CREATE OR REPLACE VIEW summary
(
    severity     LowCardinality(String)   COMMENT 'informational to critical',
    open         UInt64                   COMMENT 'findings that nobody has acknowledged',
    acknowledged UInt64                   COMMENT 'that somebody has',
    closed       UInt64                   COMMENT 'that an analyst closed',
    suppressed   UInt64                   COMMENT 'that an exception suppresses',
    resolved     UInt64                   COMMENT 'that evidence ended or took back',
    below        UInt64                   COMMENT 'of the open ones, those that stand below a story',
    unowned      UInt64                   COMMENT 'of the open ones, those whose identity has no declared owner',
    oldest       Nullable(DateTime64(3, 'UTC')) COMMENT 'earliest evidence of an open one'
) AS
SELECT severity, countIf(state = 'open') AS open, countIf(state = 'acknowledged') AS acknowledged, countIf(state = 'closed') AS closed,
       countIf(state = 'suppressed') AS suppressed, countIf(state = 'resolved') AS resolved,
       countIf(state = 'open' AND story != '') AS below, countIf(state = 'open' AND owner = '') AS unowned,
       minIf(start_time, state = 'open') AS oldest
FROM worklist
GROUP BY severity, severity_id
ORDER BY severity_id DESC;

-- What could not be verified, and why: the blind spots.
CREATE OR REPLACE VIEW unverified
(
    control  LowCardinality(String)  COMMENT 'which control cannot tell',
    reason   String                  COMMENT 'why not',
    subjects UInt64                  COMMENT 'credentials, grants, tools … of which it cannot tell',
    example  String                  COMMENT 'one of their identities'
) AS
SELECT control, description AS reason, count() AS subjects, any(identity) AS example
FROM assurance FINAL
WHERE compliance_status = 'unverifiable'
GROUP BY control, reason
ORDER BY subjects DESC, control, reason;
