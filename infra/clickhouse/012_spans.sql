-- Spans of agents' traces, and the agent that acted in each: the nearest agent span above it, as the correlators find it.
-- The parent mostly comes in a later export, so who acted is worked out when it is asked for, of all that is stored by then.

-- What finds a span's parent, read out of activities once: their JSON, for all spans in each step up, takes half a minute
-- for 200,000 spans, this a second.
CREATE TABLE IF NOT EXISTS spans
(
    uid     String                 COMMENT 'of its activity',
    trace   String,
    within  String                 COMMENT 'the trace that this one is a part of',
    span_id String,
    parent  String                 COMMENT 'id of the span above it',
    kind    LowCardinality(String) COMMENT 'agent, tool, handoff, chat or other',
    agent   String                 COMMENT 'key of the agent that it names',
    arrived DateTime64(6, 'UTC')   CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
ORDER BY (trace, span_id)
TTL toDateTime(arrived) + INTERVAL 400 DAY DELETE WHERE arrived > toDateTime64('2000-01-01 00:00:00', 6, 'UTC');

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_view TO spans AS
SELECT uid, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent, arrived
FROM
(
    SELECT uid, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE source IN ('otel', 'mcp')
)
WHERE effect != '';

-- What came before the view. Twice or beside it does no harm.
INSERT INTO spans (uid, trace, within, span_id, parent, kind, agent, arrived)
SELECT uid, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent, arrived
FROM
(
    SELECT uid, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE source IN ('otel', 'mcp')
)
WHERE effect != '';

-- A gateway's exchange is a trace of its own, and part of the one that its request names. Each span points to the one above
-- it, an agent's span to itself; seven times each pointer is replaced by where it points to, which is 128 generations up
-- (deeper is a circle of wrong parents). In arrays: a recursive query over 40,000 spans does not end in half a minute.
CREATE VIEW IF NOT EXISTS span_agents AS
WITH placed AS
(
    SELECT if(whole.home != '', whole.home, s.trace) AS tree, s.uid AS uid, s.span_id AS span_id, s.parent AS parent,
           s.kind AS kind, s.agent AS named
    FROM spans AS s FINAL
    LEFT JOIN (SELECT trace, max(within) AS home FROM spans WHERE within != '' GROUP BY trace) AS whole ON whole.trace = s.trace
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

-- As before, and a span is its agent's, whatever name it inherited.
CREATE OR REPLACE VIEW activities_resolved AS
SELECT a.*, multiIf(second.home != '', second.home, first.home != '', first.home, acting.agent != '', acting.agent,
                    a.identity != '', a.identity, a.credential) AS resolved_identity
FROM activities AS a
LEFT JOIN span_agents AS acting ON acting.event = a.uid
LEFT JOIN addresses AS first ON first.key = multiIf(acting.agent != '', acting.agent, a.identity != '', a.identity, a.credential)
LEFT JOIN addresses AS second ON second.key = first.home;
