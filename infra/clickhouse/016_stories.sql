-- Many findings of one cause are one story: those stand below the finding that counts and names them, each a row and none
-- an alarm. Read out of the JSON, of rows that were stored before as well.
ALTER TABLE findings_history
    ADD COLUMN IF NOT EXISTS is_alert Bool DEFAULT JSONExtractBool(ocsf, 'is_alert')
        COMMENT 'whether it is to be looked at by itself' AFTER status_detail,
    ADD COLUMN IF NOT EXISTS story String DEFAULT JSONExtractString(ocsf, 'unmapped', 'story')
        COMMENT 'uid of the finding below which it stands' AFTER is_alert;

ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS is_alert Bool DEFAULT JSONExtractBool(ocsf, 'is_alert')
        COMMENT 'whether it is to be looked at by itself' AFTER status_detail,
    ADD COLUMN IF NOT EXISTS story String DEFAULT JSONExtractString(ocsf, 'unmapped', 'story')
        COMMENT 'uid of the finding below which it stands' AFTER is_alert;

CREATE OR REPLACE VIEW findings_current AS SELECT * FROM findings FINAL;

-- What is to be looked at stands first, the gravest first; what stands below a story comes after all that does not.
CREATE OR REPLACE VIEW findings_open AS
SELECT uid, control, severity, confidence, title, description, identity, owner, credential, subject, evidence,
       start_time, end_time, time, severity_id, confidence_id, is_alert, story
FROM findings FINAL
WHERE status_id NOT IN (3, 4)
ORDER BY story != '', severity_id DESC, end_time DESC, uid;

-- One row per story with what stands below it now, counted anew: how many, of which severities and controls.
CREATE VIEW IF NOT EXISTS stories AS
SELECT told.uid AS uid, told.severity AS severity, told.title AS title, told.status AS status,
       below.findings AS findings, below.open AS open, below.severities AS severities, below.controls AS controls,
       below.identities AS identities, told.start_time AS start_time, told.end_time AS end_time
FROM (SELECT * FROM findings FINAL WHERE control = 'many_findings_at_once') AS told
LEFT JOIN
(
    SELECT story, count() AS findings, countIf(status_id NOT IN (3, 4)) AS open, sumMap([severity], [1]) AS severities,
           sumMap([control], [1]) AS controls, uniqExact(identity) AS identities
    FROM findings FINAL
    WHERE story != ''
    GROUP BY story
) AS below ON below.story = told.uid
ORDER BY told.severity_id DESC, told.end_time DESC, uid;
