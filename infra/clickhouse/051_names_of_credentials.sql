-- Names that people know in the table of credentials, and in the views that people read first. Rows that were stored before
-- have none until something is learned of their credential. Nothing is joined by them.
ALTER TABLE credentials
    ADD COLUMN IF NOT EXISTS credential_name String COMMENT 'what people call the credential; never joined on' AFTER credential,
    ADD COLUMN IF NOT EXISTS identity_name String COMMENT 'what people call the identity; never joined on' AFTER identity;

ALTER TABLE {internal}.credentials_in
    ADD COLUMN IF NOT EXISTS credential_name String AFTER credential,
    ADD COLUMN IF NOT EXISTS identity_name String AFTER identity;

-- What a view selects is fixed when it is made; see 009.
ALTER TABLE {internal}.credentials_in_view MODIFY QUERY
SELECT * REPLACE (
    fromUnixTimestamp64Micro(nullIf(issued_time, 0), 'UTC') AS issued_time,
    fromUnixTimestamp64Micro(nullIf(expires, 0), 'UTC') AS expires,
    fromUnixTimestamp64Micro(nullIf(died_time, 0), 'UTC') AS died_time,
    fromUnixTimestamp64Micro(nullIf(first_use_time, 0), 'UTC') AS first_use_time,
    fromUnixTimestamp64Micro(nullIf(last_use_time, 0), 'UTC') AS last_use_time,
    fromUnixTimestamp64Micro(nullIf(last_success_time, 0), 'UTC') AS last_success_time
)
FROM {internal}.credentials_in;

CREATE OR REPLACE VIEW credentials_current AS SELECT * FROM credentials FINAL;

CREATE OR REPLACE VIEW findings_open AS
SELECT uid, control, severity, confidence, title, description, identity_name, identity, owner, credential_name, credential, subject,
       evidence, start_time, end_time, time, severity_id, confidence_id, is_alert, story
FROM findings FINAL
WHERE status_id NOT IN (3, 4)
ORDER BY story != '', severity_id DESC, end_time DESC, uid;

-- As in 031_notes.sql.
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
    identity_name   String                          COMMENT 'what people call the identity',
    identity        String                          COMMENT 'key of the identity',
    credential_name String                          COMMENT 'what people call the credential',
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
       said.assigned AS assignee, said.last.1 AS note, said.last.2 AS noted_by, said.many AS notes, f.identity_name AS identity_name,
       f.identity AS identity, f.credential_name AS credential_name, f.credential AS credential, f.subject AS subject, f.start_time AS start_time, f.end_time AS end_time, f.stored AS changed,
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
