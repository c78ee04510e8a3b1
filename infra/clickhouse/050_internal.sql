-- What is for gapwatch alone moves to a database of its own, so that SHOW TABLES shows what is for people: the tables that rows
-- come in by, the views that hand them on, dossiers, spans, epochs. {internal} is the name of that database
-- (streams.clickhouse.engine). A table moves in one step and loses nothing. A view that hands rows on is made in its new place
-- before the old one goes: for a moment a row may be handed on twice, which is one row.
RENAME TABLE IF EXISTS epochs TO {internal}.epochs;

RENAME TABLE IF EXISTS dossiers TO {internal}.dossiers;

RENAME TABLE IF EXISTS dossiers_superseded TO {internal}.dossiers_superseded;

CREATE OR REPLACE VIEW {internal}.dossiers_live AS
SELECT key, max(d.version) AS version, maxIf(d.version, body = '') AS deleted,
       arrayMap(row -> row.2, arrayFilter(row -> row.1 > deleted AND row.2 != '', groupArray((d.version, body)))) AS bodies
FROM {internal}.dossiers AS d FINAL
GROUP BY key
HAVING notEmpty(bodies);

DROP VIEW IF EXISTS dossiers_live;

-- Rows as they come.
CREATE TABLE IF NOT EXISTS {internal}.activities_in
(
    uid String, time Int64, source String, instance String DEFAULT 'default', identity String, actor_name String,
    credential String, names Array(String), operation String, service String, outcome String DEFAULT 'unknown',
    action String, place String, client String, target String, resource String, error String, incarnation String,
    allowed_by String, asked String, asn UInt32, effects String,
    topic String, partition Int32, offset Int64, line Int64, arrived Int64, processed Int64
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.activities_in_view TO activities AS
SELECT * REPLACE (
    fromUnixTimestamp64Micro(time, 'UTC') AS time,
    fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived,
    fromUnixTimestamp64Micro(processed, 'UTC') AS processed
)
FROM {internal}.activities_in;

CREATE TABLE IF NOT EXISTS {internal}.rejects_in
(
    source String, instance String DEFAULT 'default', topic String, partition Int32, offset Int64, line Int64,
    place String, field String, reason String, arrived Int64, size UInt64, sha256 String
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.rejects_in_view TO rejects AS
SELECT * REPLACE (fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived)
FROM {internal}.rejects_in;

CREATE TABLE IF NOT EXISTS {internal}.credentials_in
(
    credential String, version UInt64, identity String, kind String, parent String,
    issued_time Int64, issued_uid String, expires Int64, died_time Int64, died_uid String, died_how String,
    first_use_time Int64, first_use_uid String, last_use_time Int64, last_use_uid String, last_use_outcome String,
    last_success_time Int64, last_success_uid String,
    CONSTRAINT is_a_credential CHECK credential != ''
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.credentials_in_view TO credentials AS
SELECT * REPLACE (
    fromUnixTimestamp64Micro(nullIf(issued_time, 0), 'UTC') AS issued_time,
    fromUnixTimestamp64Micro(nullIf(expires, 0), 'UTC') AS expires,
    fromUnixTimestamp64Micro(nullIf(died_time, 0), 'UTC') AS died_time,
    fromUnixTimestamp64Micro(nullIf(first_use_time, 0), 'UTC') AS first_use_time,
    fromUnixTimestamp64Micro(nullIf(last_use_time, 0), 'UTC') AS last_use_time,
    fromUnixTimestamp64Micro(nullIf(last_success_time, 0), 'UTC') AS last_success_time
)
FROM {internal}.credentials_in;

CREATE TABLE IF NOT EXISTS {internal}.notes_in
(
    id String, finding String, verb String, author String, text String, assignee String, until Int64, noted Int64, known Int64
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.notes_in_view TO notes AS
SELECT * REPLACE (
    fromUnixTimestamp64Milli(until, 'UTC') AS until,
    fromUnixTimestamp64Micro(noted, 'UTC') AS noted,
    fromUnixTimestamp64Milli(known, 'UTC') AS known
)
FROM {internal}.notes_in;

DROP VIEW IF EXISTS activities_in_view;

DROP TABLE IF EXISTS activities_in;

DROP VIEW IF EXISTS rejects_in_view;

DROP TABLE IF EXISTS rejects_in;

DROP VIEW IF EXISTS credentials_in_view;

DROP TABLE IF EXISTS credentials_in;

DROP VIEW IF EXISTS notes_in_view;

DROP TABLE IF EXISTS notes_in;

-- Histories.
CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.findings_history_view TO findings_history AS SELECT * FROM findings;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.assurance_history_view TO assurance_history AS SELECT * FROM assurance;

DROP VIEW IF EXISTS findings_history_view;

DROP VIEW IF EXISTS assurance_history_view;

-- Spans. Their old view cannot find its table any more from here on: inserts wait until it is gone, and are made again.
RENAME TABLE IF EXISTS spans TO {internal}.spans;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.spans_view TO {internal}.spans AS
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

DROP VIEW IF EXISTS spans_view;

-- As in 021_whose_events.sql.
CREATE OR REPLACE VIEW {internal}.span_agents AS
WITH placed AS
(
    SELECT if(whole.home != '', whole.home, s.trace) AS tree, (s.uid, toString(s.source), toString(s.instance)) AS said, s.span_id AS span_id, s.kind AS kind,
           s.agent AS named, arrayFilter(each -> each.1 <= s.start, messages.requests) AS before,
           arrayFilter(each -> s.failed OR each.3 = s.kind, before) AS fitting,
           multiIf(s.shared = '' OR s.side = 'requested' OR empty(before), s.parent,
                   empty(fitting), before[-1].2, fitting[-1].2) AS parent
    FROM {internal}.spans AS s FINAL
    LEFT JOIN (SELECT trace, max(within) AS home FROM {internal}.spans WHERE within != '' GROUP BY trace) AS whole ON whole.trace = s.trace
    LEFT JOIN
    (
        SELECT shared, arraySort(groupArray((start, span_id, toString(kind)))) AS requests
        FROM {internal}.spans FINAL
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

CREATE OR REPLACE VIEW {internal}.addresses AS
SELECT key, min(arrayJoin(JSONExtractKeys(body, 'addresses'))) AS home
FROM {internal}.dossiers FINAL
WHERE JSONHas(body, 'addresses')
GROUP BY key;

-- What people ask, over the new places; as in 021_whose_events.sql and 013_lineage_names.sql.
CREATE OR REPLACE VIEW activities_resolved AS
SELECT a.*, multiIf(second.home != '', second.home, first.home != '', first.home, acting.agent != '', acting.agent,
                    a.identity != '', a.identity, a.credential) AS resolved_identity
FROM activities AS a
LEFT JOIN (SELECT event, source AS event_source, instance AS event_instance, agent FROM {internal}.span_agents) AS acting
    ON acting.event = a.uid AND acting.event_source = a.source AND acting.event_instance = a.instance
LEFT JOIN {internal}.addresses AS first ON first.key = multiIf(acting.agent != '', acting.agent, a.identity != '', a.identity, a.credential)
LEFT JOIN {internal}.addresses AS second ON second.key = first.home;

CREATE OR REPLACE VIEW credential_names AS
SELECT DISTINCT arrayJoin([(entry.1, other), (other, entry.1)]) AS pair, pair.1 AS name, pair.2 AS other_name
FROM
(
    SELECT entry, arrayJoin(JSONExtract(entry.2, 'names', 'Array(String)')) AS other
    FROM
    (
        SELECT arrayJoin(JSONExtractKeysAndValuesRaw(body, 'credentials')) AS entry
        FROM {internal}.dossiers FINAL
        WHERE position(body, '"names":[') > 0
    )
    WHERE JSONHas(entry.2, 'names')
)
WHERE other != entry.1;

DROP VIEW IF EXISTS span_agents;

DROP VIEW IF EXISTS addresses;
