-- A server's answer names no span above it: it stands below the request with which it shares its session and id. Which
-- request that is, is settled when it is asked for, as the correlators settle it: either may be stored first, and a
-- client may use an id again.
ALTER TABLE spans
    ADD COLUMN IF NOT EXISTS start  Int64                  COMMENT 'µs' AFTER agent,
    ADD COLUMN IF NOT EXISTS side   LowCardinality(String) COMMENT 'of a call to a server; requested: the request' AFTER start,
    ADD COLUMN IF NOT EXISTS failed Bool                   AFTER side,
    ADD COLUMN IF NOT EXISTS shared String                 COMMENT 'what a request and its answer have in common' AFTER failed;

DROP VIEW IF EXISTS spans_view;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_view TO spans AS
SELECT uid, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent,
       JSONExtractInt(effect, 'span', 7) AS start, JSONExtractString(effect, 'span', 15) AS side,
       JSONExtractString(effect, 'span', 9) = 'error' AS failed, JSONExtractString(effect, 'span', 24) AS shared, arrived
FROM
(
    SELECT uid, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE position(effects, '"spanned"') > 0
)
WHERE effect != '';

-- Of what is stored, requests and answers alone lack what was added; the later row of a span stays.
INSERT INTO spans (uid, trace, within, span_id, parent, kind, agent, start, side, failed, shared, arrived)
SELECT uid, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent,
       JSONExtractInt(effect, 'span', 7) AS start, JSONExtractString(effect, 'span', 15) AS side,
       JSONExtractString(effect, 'span', 9) = 'error' AS failed, JSONExtractString(effect, 'span', 24) AS shared, arrived
FROM
(
    SELECT uid, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE position(effects, '"spanned"') > 0
)
WHERE effect != '' AND shared != '';

-- As in 012_spans.sql; an answer has above it the youngest request of its form before it (a refusal answers either).
CREATE OR REPLACE VIEW span_agents AS
WITH placed AS
(
    SELECT if(whole.home != '', whole.home, s.trace) AS tree, s.uid AS uid, s.span_id AS span_id, s.kind AS kind,
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
    SELECT groupArray(uid) AS uids, groupArray(span_id) AS ids, groupArray(parent) AS parents, groupArray(kind) AS kinds,
           groupArray(named) AS names,
           arrayMap((i, up) -> if(kinds[i] = 'agent', i, indexOf(ids, up)), arrayEnumerate(ids), parents) AS above,
           arrayFold((at, step) -> arrayMap(i -> at[i], at), range(7), arrayMap(i -> toUInt64(i), above)) AS tops
    FROM placed
    GROUP BY tree
)
SELECT event, if(kinds[top] = 'agent', names[top], '') AS agent
FROM trees
ARRAY JOIN uids AS event, tops AS top
WHERE agent != '';
