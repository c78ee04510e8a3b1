-- Questions that are asked often, each a view; those that need to know of whom take a parameter: SELECT … FROM name(key = '…').

-- As in 056_revocation_clock.sql, with the names of credentials that nothing was judged of.
CREATE OR REPLACE VIEW names
(
    key  String  COMMENT 'of an identity or a credential',
    name String  COMMENT 'what people call it'
) AS
SELECT pair.1 AS key, argMax(pair.2, version) AS name
FROM
(
    SELECT version, arrayJoin([(identity, identity_name), (credential, credential_name)]) AS pair FROM assurance
    UNION ALL
    SELECT version, arrayJoin([(identity, identity_name), (credential, credential_name)]) AS pair FROM credentials
)
WHERE pair.1 != '' AND pair.2 != ''
GROUP BY key;

-- One identity across all sources: what it did, what was done to it, what its credentials did under another name, and what was
-- found. SELECT … FROM timeline_of(identity = 'aws:111122223333:user/ci') ORDER BY time.
CREATE OR REPLACE VIEW timeline_of AS
SELECT time, 'did' AS what, toString(source) AS source, toString(instance) AS instance, identity AS by_identity, credential, toString(operation) AS operation,
       toString(outcome) AS outcome, place, if(resource != '', resource, target) AS about, uid
FROM activities
WHERE identity = {identity:String}
UNION ALL
SELECT time, 'was done to it' AS what, toString(source) AS source, toString(instance) AS instance, identity AS by_identity, credential, toString(operation) AS operation,
       toString(outcome) AS outcome, place, if(resource != '', resource, target) AS about, uid
FROM activities
WHERE target = {identity:String} AND identity != {identity:String}
UNION ALL
SELECT time, 'its credential did' AS what, toString(source) AS source, toString(instance) AS instance, identity AS by_identity, credential, toString(operation) AS operation,
       toString(outcome) AS outcome, place, if(resource != '', resource, target) AS about, uid
FROM activities
WHERE credential IN (SELECT credential FROM credentials FINAL WHERE identity = {identity:String} AND credential != '')
  AND identity != {identity:String} AND target != {identity:String}
UNION ALL
SELECT toDateTime64(changed, 6, 'UTC') AS time, toString(what) AS what, 'gapwatch' AS source, '' AS instance, identity AS by_identity, '' AS credential,
       toString(control) AS operation, toString(severity) AS outcome, '' AS place, title AS about, uid
FROM changes
WHERE identity = {identity:String};

-- Who used a credential, or read a secret, since a time. SELECT … FROM used_since(key = 'aws:key/AKIA…', since = '2026-11-01 00:00:00').
CREATE OR REPLACE VIEW used_since AS
SELECT who.identity AS identity, named.name AS identity_name, who.place AS place, who.client AS client, who.accepted AS accepted,
       who.refused AS refused, who.first AS first, who.last AS last
FROM
(
    SELECT identity, place, client, uniqExactIf(uid, outcome IN ('succeeded', 'failed', 'forbidden')) AS accepted,
           uniqExactIf(uid, outcome = 'unauthenticated') AS refused, min(acts.time) AS first, max(acts.time) AS last
    FROM
    (
        SELECT identity, place, client, uid, outcome, activities.time AS time, action FROM activities
        WHERE credential = {key:String} AND activities.time >= {since:DateTime64(6, 'UTC')}
        UNION ALL
        SELECT identity, place, client, uid, outcome, activities.time AS time, action FROM activities
        WHERE credential IN (SELECT other_name FROM credential_names WHERE name = {key:String}) AND credential != {key:String}
          AND activities.time >= {since:DateTime64(6, 'UTC')}
        UNION ALL
        SELECT identity, place, client, uid, outcome, activities.time AS time, action FROM activities
        WHERE action = 'secret_read' AND (resource = {key:String} OR target = {key:String}) AND credential != {key:String}
          AND activities.time >= {since:DateTime64(6, 'UTC')}
    ) AS acts
    WHERE action != 'service'
    GROUP BY identity, place, client
) AS who
LEFT JOIN names AS named ON named.key = who.identity
ORDER BY last DESC;

-- Access that is not used.
CREATE OR REPLACE VIEW unused_access
(
    identity       String                         COMMENT 'key of the identity',
    identity_name  String                         COMMENT 'what people call it',
    owner          String                         COMMENT 'who answers for it, as declared',
    access         String                         COMMENT 'the grant or credential',
    value          String                         COMMENT 'violated: it is not used; unverifiable: its log does not show what allowed a use',
    reason         String                         COMMENT 'since when, in words',
    privilege      String                         COMMENT 'of the identity',
    since          DateTime64(3, 'UTC')           COMMENT 'when that was stored first',
    privilege_rank UInt8                          COMMENT 'to order by'
) AS
SELECT l.identity AS identity, l.identity_name AS identity_name, l.owner AS owner, l.subject AS access, l.value AS value, l.reason AS reason,
       if(p.privilege = '', 'low', p.privilege) AS privilege, l.since AS since, p.privilege_rank AS privilege_rank
FROM ledger AS l
LEFT JOIN privileges AS p ON p.identity = l.identity
WHERE l.control = 'unused_access'
ORDER BY value != 'violated', privilege_rank DESC, identity, access;

-- What is least sure of what matters most: every row of the ledger that is not proven.
CREATE OR REPLACE VIEW unproven
(
    privilege      String  COMMENT 'of the identity: critical to low',
    value          String  COMMENT 'violated, assumed, unverifiable or indeterminate, as of now',
    identity       String,
    identity_name  String  COMMENT 'what people call it',
    owner          String  COMMENT 'who answers for it, as declared',
    control        String,
    subject        String  COMMENT 'what it is about',
    reason         String  COMMENT 'why, in words',
    hangs_on       String  COMMENT 'the source that would show it',
    proven_time    Nullable(DateTime64(3, 'UTC')) COMMENT 'of the last proof',
    privilege_rank UInt8   COMMENT 'to order by'
) AS
SELECT if(p.privilege = '', 'low', p.privilege) AS privilege, l.value AS value, l.identity AS identity, l.identity_name AS identity_name,
       l.owner AS owner, l.control AS control, l.subject AS subject, l.reason AS reason, l.hangs_on AS hangs_on, l.proven_time AS proven_time,
       greatest(p.privilege_rank, 1) AS privilege_rank
FROM ledger AS l
LEFT JOIN privileges AS p ON p.identity = l.identity
WHERE l.value != 'proven'
ORDER BY privilege_rank DESC, value = 'violated' DESC, control, identity, subject;

-- Where the time goes between an event and its finding: of the latest evidence of each finding that came while gapwatch ran.
CREATE OR REPLACE VIEW latency
(
    control          String   COMMENT 'of the findings',
    findings         UInt64,
    delivered_p50    Float64  COMMENT 'seconds from the event to its arrival: the source and its shipper',
    delivered_p99    Float64,
    read_p50         Float64  COMMENT 'seconds from arrival to having been read',
    read_p99         Float64,
    judged_p50       Float64  COMMENT 'seconds from there to the stored finding: judging, sending, inserting',
    judged_p99       Float64,
    whole_p50        Float64  COMMENT 'seconds from the event to the stored finding',
    whole_p99        Float64
) AS
SELECT toString(control) AS control, count() AS findings,
       quantileExact(0.5)(arrived - occurred) / 1000 AS delivered_p50, quantileExact(0.99)(arrived - occurred) / 1000 AS delivered_p99,
       quantileExact(0.5)(processed - arrived) / 1000 AS read_p50, quantileExact(0.99)(processed - arrived) / 1000 AS read_p99,
       quantileExact(0.5)(at - processed) / 1000 AS judged_p50, quantileExact(0.99)(at - processed) / 1000 AS judged_p99,
       quantileExact(0.5)(at - occurred) / 1000 AS whole_p50, quantileExact(0.99)(at - occurred) / 1000 AS whole_p99
FROM
(
    SELECT control, toUnixTimestamp64Milli(stored) AS at, JSONExtractArrayRaw(ocsf, 'unmapped', 'latency')[-1] AS latest,
           JSONExtractInt(latest, 'occurred') AS occurred, JSONExtractInt(latest, 'arrived') AS arrived, JSONExtractInt(latest, 'processed') AS processed
    FROM findings
    WHERE JSONHas(ocsf, 'unmapped', 'latency')
)
WHERE arrived > 0
GROUP BY control
ORDER BY findings DESC, control;

-- Who and what makes the most noise: updates of findings in the last 30 days.
CREATE OR REPLACE VIEW noisiest
(
    identity      String,
    identity_name String  COMMENT 'what people call it',
    control       String,
    updates       UInt64  COMMENT 'of findings, in 30 days',
    findings      UInt64  COMMENT 'different ones',
    open          UInt64  COMMENT 'of these, open now',
    worst         String  COMMENT 'severity of the worst'
) AS
SELECT h.identity AS identity, argMax(h.identity_name, h.version) AS identity_name, toString(h.control) AS control, count() AS updates,
       uniqExact(h.uid) AS findings, uniqExactIf(h.uid, h.uid IN (SELECT uid FROM findings_open)) AS open,
       argMax(toString(h.severity), h.severity_id) AS worst
FROM findings_history AS h
WHERE h.stored > now64(3) - INTERVAL 30 DAY
GROUP BY h.identity, h.control
ORDER BY updates DESC, identity, control;

-- What people said of the findings of each control. A finding was false where it was closed with a reason that begins with
-- "false", or an exception covers it; it was right where it was closed with another reason, or evidence ended it.
CREATE OR REPLACE VIEW precision_by_control
(
    control   String,
    findings  UInt64             COMMENT 'ever told',
    said      UInt64             COMMENT 'of which somebody, or evidence, has said something',
    mistaken  UInt64             COMMENT 'closed as false, or excepted',
    withdrawn UInt64             COMMENT 'taken back by late evidence; not counted as said',
    precision Nullable(Float64)  COMMENT 'share of those said that were not mistaken; null: nothing was said'
) AS
SELECT toString(w.control) AS control, count() AS findings,
       countIf(state IN ('closed', 'suppressed') OR (state = 'resolved' AND status_detail = 'ended')) AS said,
       countIf(state = 'suppressed' OR (state = 'closed' AND startsWith(lower(n.text), 'false'))) AS mistaken,
       countIf(state = 'resolved' AND status_detail = 'withdrawn') AS withdrawn,
       if(said = 0, NULL, round(1 - mistaken / said, 3)) AS precision
FROM worklist AS w
LEFT JOIN (SELECT finding, argMax(text, (noted, id)) AS text FROM notes WHERE verb = 'close' GROUP BY finding) AS n ON n.finding = w.uid
GROUP BY w.control
ORDER BY precision NULLS LAST, findings DESC, control;

-- Agents' tools three ways: approved by a record, offered by a server or framework, called.
CREATE OR REPLACE VIEW agent_tools
(
    agent         String                          COMMENT 'key of the agent',
    tool          String                          COMMENT 'its name, as it was seen or approved',
    approved      Bool                            COMMENT 'by the last record about the agent that mentions tools',
    offered_first Nullable(DateTime64(6, 'UTC'))  COMMENT 'when it was shown to the agent first',
    offered_last  Nullable(DateTime64(6, 'UTC')),
    called_last   Nullable(DateTime64(6, 'UTC'))  COMMENT 'when it was called and not refused',
    refused_last  Nullable(DateTime64(6, 'UTC')),
    calls         UInt64                          COMMENT 'of it, refused ones too'
) AS
SELECT agent, tool, max(ok) AS approved, minIfOrNull(time, how = 'offered') AS offered_first, maxIfOrNull(time, how = 'offered') AS offered_last,
       maxIfOrNull(time, how = 'called') AS called_last, maxIfOrNull(time, how = 'refused') AS refused_last, uniqExactIf(uid, how IN ('called', 'refused')) AS calls
FROM
(
    SELECT agent, arrayJoin(uses) AS used, used.1 AS tool, used.2 AS how, time, uid, false AS ok
    FROM
    (
        SELECT a.time AS time, a.uid AS uid, if(s.agent != '', s.agent, a.identity) AS agent,
               arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(a.effects)) AS effect,
               arrayConcat(
                   if(JSONExtractString(effect, 'span', 1) = 'tool' AND JSONExtractString(effect, 'span', 5) != '',
                      [(JSONExtractString(effect, 'span', 5), if(JSONExtractBool(effect, 'span', 10) OR JSONExtractBool(effect, 'span', 16), 'refused', 'called'))], []),
                   arrayMap(name -> (name, 'offered'), JSONExtract(effect, 'span', 11, 'Array(String)'))) AS uses
        FROM (SELECT time, uid, source, instance, identity, effects FROM activities WHERE position(effects, '"spanned"') > 0) AS a
        LEFT JOIN {internal}.span_agents AS s ON s.event = a.uid AND s.source = a.source AND s.instance = a.instance
    )
    UNION ALL
    SELECT agent, ('', '') AS used, JSONExtractString(arrayJoin(listed), 1) AS tool, 'approved' AS how, time, '' AS uid, true AS ok
    FROM
    (
        SELECT JSONExtractString(effect, 'identity') AS agent, argMax(JSONExtractArrayRaw(effect, 'declaration', 'tools'), (acts.time, uid)) AS listed,
               max(acts.time) AS time
        FROM (SELECT activities.time AS time, uid, arrayJoin(JSONExtractArrayRaw(effects)) AS effect FROM activities WHERE source = 'inventory') AS acts
        WHERE JSONExtractString(effect, 'type') = 'stated' AND JSONHas(effect, 'declaration', 'tools')
        GROUP BY agent
    )
)
WHERE agent != '' AND tool != ''
GROUP BY agent, tool
ORDER BY approved, agent, tool;
