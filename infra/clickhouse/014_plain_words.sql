-- What is asked of a finding in words: how grave, in what state, why, about what, and the events that it rests on. Read out
-- of the JSON as the other columns are, for rows that were stored before as well. And its credential by the name that
-- credentials know it by: an event may name it otherwise (a token beside its accessor), which joins with nothing.
-- Each history comes first: a view copies all columns into it.
ALTER TABLE findings_history
    ADD COLUMN IF NOT EXISTS severity LowCardinality(String) DEFAULT lower(JSONExtractString(ocsf, 'severity'))
        COMMENT 'informational, low, medium, high or critical' AFTER control,
    ADD COLUMN IF NOT EXISTS status LowCardinality(String) DEFAULT lower(JSONExtractString(ocsf, 'status'))
        COMMENT 'new, suppressed or resolved' AFTER severity,
    ADD COLUMN IF NOT EXISTS confidence LowCardinality(String) DEFAULT lower(JSONExtractString(ocsf, 'confidence'))
        COMMENT 'low, medium or high' AFTER status,
    ADD COLUMN IF NOT EXISTS description String DEFAULT JSONExtractString(ocsf, 'finding_info', 'desc')
        COMMENT 'what is on record, in a sentence' AFTER title,
    ADD COLUMN IF NOT EXISTS subject String DEFAULT JSONExtractString(ocsf, 'unmapped', 'subject')
        COMMENT 'what it is about: a credential, grant, tool, …' AFTER credential,
    ADD COLUMN IF NOT EXISTS evidence Array(String)
        DEFAULT arrayMap(event -> JSONExtractString(event, 'uid'), JSONExtractArrayRaw(ocsf, 'finding_info', 'related_events'))
        COMMENT 'uid in activities of the events that it rests on' AFTER subject,
    MODIFY COLUMN credential String
        DEFAULT coalesce(nullIf(JSONExtractString(ocsf, 'unmapped', 'credential'), ''),
                         JSONExtractString(ocsf, 'evidences', 1, 'actor', 'user', 'credential_uid'))
        COMMENT 'by the name that its row in credentials has';

ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS severity LowCardinality(String) DEFAULT lower(JSONExtractString(ocsf, 'severity'))
        COMMENT 'informational, low, medium, high or critical' AFTER control,
    ADD COLUMN IF NOT EXISTS status LowCardinality(String) DEFAULT lower(JSONExtractString(ocsf, 'status'))
        COMMENT 'new, suppressed or resolved' AFTER severity,
    ADD COLUMN IF NOT EXISTS confidence LowCardinality(String) DEFAULT lower(JSONExtractString(ocsf, 'confidence'))
        COMMENT 'low, medium or high' AFTER status,
    ADD COLUMN IF NOT EXISTS description String DEFAULT JSONExtractString(ocsf, 'finding_info', 'desc')
        COMMENT 'what is on record, in a sentence' AFTER title,
    ADD COLUMN IF NOT EXISTS subject String DEFAULT JSONExtractString(ocsf, 'unmapped', 'subject')
        COMMENT 'what it is about: a credential, grant, tool, …' AFTER credential,
    ADD COLUMN IF NOT EXISTS evidence Array(String)
        DEFAULT arrayMap(event -> JSONExtractString(event, 'uid'), JSONExtractArrayRaw(ocsf, 'finding_info', 'related_events'))
        COMMENT 'uid in activities of the events that it rests on' AFTER subject,
    MODIFY COLUMN credential String
        DEFAULT coalesce(nullIf(JSONExtractString(ocsf, 'unmapped', 'credential'), ''),
                         JSONExtractString(ocsf, 'evidences', 1, 'actor', 'user', 'credential_uid'))
        COMMENT 'by the name that its row in credentials has';

ALTER TABLE assurance_history
    ADD COLUMN IF NOT EXISTS description String DEFAULT JSONExtractString(ocsf, 'finding_info', 'desc')
        COMMENT 'what is on record, in a sentence' AFTER title,
    ADD COLUMN IF NOT EXISTS subject String DEFAULT JSONExtractString(ocsf, 'unmapped', 'subject')
        COMMENT 'what it is about: a credential, grant, tool, …' AFTER credential,
    ADD COLUMN IF NOT EXISTS evidence Array(String)
        DEFAULT arrayMap(event -> JSONExtractString(event, 'uid'), JSONExtractArrayRaw(ocsf, 'finding_info', 'related_events'))
        COMMENT 'uid in activities of the events that it rests on' AFTER subject,
    MODIFY COLUMN credential String
        DEFAULT coalesce(nullIf(JSONExtractString(ocsf, 'unmapped', 'credential'), ''),
                         JSONExtractString(ocsf, 'evidences', 1, 'actor', 'user', 'credential_uid'))
        COMMENT 'by the name that its row in credentials has';

ALTER TABLE assurance
    ADD COLUMN IF NOT EXISTS description String DEFAULT JSONExtractString(ocsf, 'finding_info', 'desc')
        COMMENT 'what is on record, in a sentence' AFTER title,
    ADD COLUMN IF NOT EXISTS subject String DEFAULT JSONExtractString(ocsf, 'unmapped', 'subject')
        COMMENT 'what it is about: a credential, grant, tool, …' AFTER credential,
    ADD COLUMN IF NOT EXISTS evidence Array(String)
        DEFAULT arrayMap(event -> JSONExtractString(event, 'uid'), JSONExtractArrayRaw(ocsf, 'finding_info', 'related_events'))
        COMMENT 'uid in activities of the events that it rests on' AFTER subject,
    MODIFY COLUMN credential String
        DEFAULT coalesce(nullIf(JSONExtractString(ocsf, 'unmapped', 'credential'), ''),
                         JSONExtractString(ocsf, 'evidences', 1, 'actor', 'user', 'credential_uid'))
        COMMENT 'by the name that its row in credentials has';

-- Rows that were stored before.
ALTER TABLE findings_history UPDATE credential = JSONExtractString(ocsf, 'unmapped', 'credential')
WHERE JSONExtractString(ocsf, 'unmapped', 'credential') NOT IN ('', credential) SETTINGS mutations_sync = 1;

ALTER TABLE findings UPDATE credential = JSONExtractString(ocsf, 'unmapped', 'credential')
WHERE JSONExtractString(ocsf, 'unmapped', 'credential') NOT IN ('', credential) SETTINGS mutations_sync = 1;

ALTER TABLE assurance_history UPDATE credential = JSONExtractString(ocsf, 'unmapped', 'credential')
WHERE JSONExtractString(ocsf, 'unmapped', 'credential') NOT IN ('', credential) SETTINGS mutations_sync = 1;

ALTER TABLE assurance UPDATE credential = JSONExtractString(ocsf, 'unmapped', 'credential')
WHERE JSONExtractString(ocsf, 'unmapped', 'credential') NOT IN ('', credential) SETTINGS mutations_sync = 1;

CREATE OR REPLACE VIEW findings_current AS SELECT * FROM findings FINAL;

-- Without the JSON: `SELECT *` is to be read by people. The whole finding is in findings_current.
CREATE OR REPLACE VIEW findings_open AS
SELECT uid, control, severity, confidence, title, description, identity, owner, credential, subject, evidence,
       start_time, end_time, time, severity_id, confidence_id
FROM findings FINAL
WHERE status_id NOT IN (3, 4);

CREATE OR REPLACE VIEW assurance_current AS SELECT * FROM assurance FINAL;

-- One row per finding and event that it rests on: what happened, beside what is made of it. DISTINCT, since a record that
-- was delivered twice is two rows of activities until parts have merged.
CREATE VIEW IF NOT EXISTS finding_evidence AS
SELECT DISTINCT told.finding AS finding, told.control AS control, told.severity AS severity, told.status AS status,
       act.time AS time, act.uid AS uid, act.source AS source, act.instance AS instance, act.identity AS identity,
       act.credential AS credential, act.operation AS operation, act.outcome AS outcome, act.place AS place,
       act.client AS client, act.target AS target, act.resource AS resource
FROM (SELECT * FROM activities WHERE uid IN (SELECT arrayJoin(evidence) FROM findings FINAL)) AS act
INNER JOIN
(
    SELECT uid AS finding, control, severity, status, arrayJoin(evidence) AS event FROM findings FINAL
) AS told ON told.event = act.uid;
