-- An event's id means something only together with who gave it: what joins a finding or a span with its events joins by both.
-- Findings name their events' origins since; of those that were stored before the ids alone are known. Each history comes
-- first: a view copies all columns into it.
ALTER TABLE findings_history
    ADD COLUMN IF NOT EXISTS origins Array(String) DEFAULT JSONExtract(ocsf, 'unmapped', 'origins', 'Array(String)')
        COMMENT 'who gave the ids of evidence: source, or source/instance' AFTER evidence;

ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS origins Array(String) DEFAULT JSONExtract(ocsf, 'unmapped', 'origins', 'Array(String)')
        COMMENT 'who gave the ids of evidence: source, or source/instance' AFTER evidence;

ALTER TABLE assurance_history
    ADD COLUMN IF NOT EXISTS origins Array(String) DEFAULT JSONExtract(ocsf, 'unmapped', 'origins', 'Array(String)')
        COMMENT 'who gave the ids of evidence: source, or source/instance' AFTER evidence;

ALTER TABLE assurance
    ADD COLUMN IF NOT EXISTS origins Array(String) DEFAULT JSONExtract(ocsf, 'unmapped', 'origins', 'Array(String)')
        COMMENT 'who gave the ids of evidence: source, or source/instance' AFTER evidence;

CREATE OR REPLACE VIEW findings_current AS SELECT * FROM findings FINAL;

CREATE OR REPLACE VIEW assurance_current AS SELECT * FROM assurance FINAL;

-- As in 014_plain_words.sql.
CREATE OR REPLACE VIEW finding_evidence AS
SELECT DISTINCT told.finding AS finding, told.control AS control, told.severity AS severity, told.status AS status,
       act.time AS time, act.uid AS uid, act.source AS source, act.instance AS instance, act.identity AS identity,
       act.credential AS credential, act.operation AS operation, act.outcome AS outcome, act.place AS place,
       act.client AS client, act.target AS target, act.resource AS resource
FROM (SELECT * FROM activities WHERE uid IN (SELECT arrayJoin(evidence) FROM findings FINAL)) AS act
INNER JOIN
(
    SELECT uid AS finding, control, severity, status, pair.1 AS event, pair.2 AS origin
    FROM findings FINAL
    ARRAY JOIN arrayZip(evidence, arrayResize(origins, length(evidence))) AS pair
) AS told ON told.event = act.uid
WHERE told.origin IN ('', if(act.instance IN ('', 'default'), act.source, concat(act.source, '/', act.instance)));

ALTER TABLE spans
    ADD COLUMN IF NOT EXISTS source   LowCardinality(String) COMMENT 'who told of it' AFTER uid,
    ADD COLUMN IF NOT EXISTS instance LowCardinality(String) AFTER source;

DROP VIEW IF EXISTS spans_view;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_view TO spans AS
SELECT uid, source, instance, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent,
       JSONExtractInt(effect, 'span', 7) AS start, JSONExtractString(effect, 'span', 15) AS side,
       JSONExtractString(effect, 'span', 9) = 'error' AS failed, JSONExtractString(effect, 'span', 24) AS shared, arrived
FROM
(
    SELECT uid, source, instance, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE position(effects, '"spanned"') > 0
)
WHERE effect != '';

-- What came before; the later row of a span stays.
INSERT INTO spans (uid, source, instance, trace, within, span_id, parent, kind, agent, start, side, failed, shared, arrived)
SELECT uid, source, instance, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent,
       JSONExtractInt(effect, 'span', 7) AS start, JSONExtractString(effect, 'span', 15) AS side,
       JSONExtractString(effect, 'span', 9) = 'error' AS failed, JSONExtractString(effect, 'span', 24) AS shared, arrived
FROM
(
    SELECT uid, source, instance, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE position(effects, '"spanned"') > 0
)
WHERE effect != '';

-- As in 020_answers.sql.
CREATE OR REPLACE VIEW span_agents AS
WITH placed AS
(
    SELECT if(whole.home != '', whole.home, s.trace) AS tree, (s.uid, toString(s.source), toString(s.instance)) AS said, s.span_id AS span_id, s.kind AS kind,
           s.agent AS named, arrayFilter(each -> each.1 <= s.start, messages.requests) AS before,
           arrayFilter(each -> s.failed OR each.3 = s.kind, before) AS fitting,
           multiIf(s.shared = '' OR s.side = 'requested' OR empty(before), s.parent,
                   empty(fitting), before[-1].2, fitting[-1].2) AS parent
    FROM spans AS s FINAL
    LEFT JOIN (SELECT trace, max(within) AS home FROM spans WHERE within != '' GROUP BY trace) AS whole ON whole.trace = s.trace
    LEFT JOIN
    (
        SELECT shared, arraySort(groupArray((start, span_id, toString(kind)))) AS requests
        FROM spans FINAL
        WHERE shared != '' AND side = 'requested'
        GROUP BY shared
    ) AS messages ON messages.shared = s.shared
),
trees AS
(
    SELECT groupArray(said) AS every, groupArray(span_id) AS ids, groupArray(parent) AS parents, groupArray(kind) AS kinds,
           groupArray(named) AS names,
           arrayMap((i, up) -> if(kinds[i] = 'agent', i, indexOf(ids, up)), arrayEnumerate(ids), parents) AS above,
           arrayFold((at, step) -> arrayMap(i -> at[i], at), range(7), arrayMap(i -> toUInt64(i), above)) AS tops
    FROM placed
    GROUP BY tree
)
SELECT pair.1 AS event, pair.2 AS source, pair.3 AS instance, if(kinds[top] = 'agent', names[top], '') AS agent
FROM trees
ARRAY JOIN every AS pair, tops AS top
WHERE agent != '';

-- As in 012_spans.sql. Columns that both sides of a join have would lose their plain names.
CREATE OR REPLACE VIEW activities_resolved AS
SELECT a.*, multiIf(second.home != '', second.home, first.home != '', first.home, acting.agent != '', acting.agent,
                    a.identity != '', a.identity, a.credential) AS resolved_identity
FROM activities AS a
LEFT JOIN (SELECT event, source AS event_source, instance AS event_instance, agent FROM span_agents) AS acting
    ON acting.event = a.uid AND acting.event_source = a.source AND acting.event_instance = a.instance
LEFT JOIN addresses AS first ON first.key = multiIf(acting.agent != '', acting.agent, a.identity != '', a.identity, a.credential)
LEFT JOIN addresses AS second ON second.key = first.home;
