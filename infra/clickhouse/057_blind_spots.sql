-- Blind spots: what cannot be verified, why, and what to switch on; and how much of each source is attributed.

-- What a source does not show unless it is switched on, as its page says; written whenever `deliver` starts.
CREATE TABLE IF NOT EXISTS {internal}.source_blind
(
    source    LowCardinality(String),
    name      String,
    hides     String,
    switch_on String,
    shown_by  String                COMMENT 'regular expression of what is seen where it is switched on; empty: nothing would show it',
    written   DateTime64(3, 'UTC')  DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(written)
ORDER BY (source, name);

-- What each source has shown, day by day. Events are counted as a set of their ids, so that one that comes twice is one.
CREATE TABLE IF NOT EXISTS {internal}.source_days
(
    source     LowCardinality(String),
    instance   LowCardinality(String),
    day        Date,
    operation  LowCardinality(String),
    action     LowCardinality(String),
    outcome    LowCardinality(String),
    named      Bool                   COMMENT 'whether the record names an identity',
    presented  LowCardinality(String) COMMENT 'the credential: named, masked or none',
    teaches    LowCardinality(String) COMMENT 'kinds of effects of the event',
    events     AggregateFunction(uniqCombined64(16), String),
    last       SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (source, instance, day, operation, action, outcome, named, presented, teaches)
TTL day + INTERVAL 400 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.source_days_view TO {internal}.source_days AS
SELECT source, instance, toDate(arrived) AS day, operation, action, outcome, identity != '' AS named,
       multiIf(credential = '', 'none', position(credential, 'hmac-') > 0, 'masked', 'named') AS presented,
       arrayStringConcat(arraySort(arrayDistinct(extractAll(effects, '"type":"([a-z_]+)"'))), ',') AS teaches,
       uniqCombined64State(16)(uid) AS events, max(least(time, arrived)) AS last
FROM activities
GROUP BY source, instance, day, operation, action, outcome, named, presented, teaches;

INSERT INTO {internal}.source_days
SELECT source, instance, toDate(arrived) AS day, operation, action, outcome, identity != '' AS named,
       multiIf(credential = '', 'none', position(credential, 'hmac-') > 0, 'masked', 'named') AS presented,
       arrayStringConcat(arraySort(arrayDistinct(extractAll(effects, '"type":"([a-z_]+)"'))), ',') AS teaches,
       uniqCombined64State(16)(uid) AS events, max(least(time, arrived)) AS last
FROM activities
GROUP BY source, instance, day, operation, action, outcome, named, presented, teaches;

-- What an identity was seen to do that makes it worth more to a thief.
CREATE TABLE IF NOT EXISTS {internal}.conduct
(
    identity    String,
    last        SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    last_write  SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'to identities',
    last_secret SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'read'
)
ENGINE = AggregatingMergeTree
ORDER BY identity
TTL toDateTime(last) + INTERVAL 800 DAY DELETE WHERE last > toDateTime64('2000-01-01 00:00:00', 6, 'UTC');

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.conduct_view TO {internal}.conduct AS
SELECT identity, max(least(time, arrived)) AS last,
       maxIf(least(time, arrived), action = 'identity_write' AND outcome = 'succeeded') AS last_write,
       maxIf(least(time, arrived), action = 'secret_read' AND outcome = 'succeeded') AS last_secret
FROM activities
WHERE identity != ''
GROUP BY identity;

INSERT INTO {internal}.conduct
SELECT identity, max(least(time, arrived)) AS last,
       maxIf(least(time, arrived), action = 'identity_write' AND outcome = 'succeeded') AS last_write,
       maxIf(least(time, arrived), action = 'secret_read' AND outcome = 'succeeded') AS last_secret
FROM activities
WHERE identity != ''
GROUP BY identity;

-- How much an identity may do: as it is declared, else by what it was seen to do.
CREATE OR REPLACE VIEW privileges
(
    identity       String                          COMMENT 'key of the identity',
    identity_name  String                          COMMENT 'what people call it',
    privilege      String                          COMMENT 'critical, high, normal or low: declared, else seen',
    why            String                          COMMENT 'declared, root, writes identities, reads secrets, or nothing of these',
    privilege_rank UInt8                           COMMENT 'to order by: 4 critical to 1 low',
    last           Nullable(DateTime64(6, 'UTC'))  COMMENT 'when it was seen last'
) AS
SELECT every.key AS identity, named.name AS identity_name,
       multiIf(endsWith(every.key, ':root'), 'critical', declared != '', declared, wrote, 'high', read, 'normal', 'low') AS privilege,
       multiIf(endsWith(every.key, ':root'), 'root', declared != '', 'declared', wrote, 'writes identities', read, 'reads secrets', 'neither writes identities nor reads secrets') AS why,
       toUInt8(indexOf(['low', 'normal', 'high', 'critical'], privilege)) AS privilege_rank,
       nullIf(seen_last, toDateTime64(0, 6, 'UTC')) AS last
FROM
(
    SELECT key, max(said) AS declared, max(w) > toDateTime64(0, 6, 'UTC') AS wrote, max(r) > toDateTime64(0, 6, 'UTC') AS read, max(l) AS seen_last
    FROM
    (
        SELECT identity AS key, '' AS said, last_write AS w, last_secret AS r, conduct.last AS l FROM {internal}.conduct AS conduct
        UNION ALL
        SELECT JSONExtractString(effect, 'identity') AS key,
               argMax(JSONExtractString(effect, 'declaration', 'privilege'), (time, uid)) AS said,
               toDateTime64(0, 6, 'UTC') AS w, toDateTime64(0, 6, 'UTC') AS r, toDateTime64(0, 6, 'UTC') AS l
        FROM (SELECT time, uid, arrayJoin(JSONExtractArrayRaw(effects)) AS effect FROM activities WHERE source = 'inventory')
        WHERE JSONExtractString(effect, 'type') = 'stated' AND JSONExtractString(effect, 'declaration', 'privilege') != ''
        GROUP BY key
    )
    GROUP BY key
) AS every
LEFT JOIN names AS named ON named.key = every.key;

-- Attribution and coverage per source: whose events name an identity, which credentials they show, what of the ledger hangs on
-- the source, and how much of that can be verified.
CREATE OR REPLACE VIEW attribution
(
    source           String                          COMMENT 'the log',
    instance         String                          COMMENT 'the installation',
    events           UInt64                          COMMENT 'of 30 days, estimated within a percent',
    attributed       Float64                         COMMENT 'share of events that name an identity',
    with_credential  Float64                         COMMENT 'share of events that show which credential was presented',
    masked           Float64                         COMMENT 'share of events that show it under a mask only',
    days             UInt64                          COMMENT 'of the last 30, those with an event',
    hanging          UInt64                          COMMENT 'rows of the ledger that hang on it',
    verifiable       Float64                         COMMENT 'share of these that are proven or violated now',
    watermark        Nullable(DateTime64(6, 'UTC'))  COMMENT 'how far it has come'
) AS
SELECT toString(d.source) AS source, toString(d.instance) AS instance, uniqCombined64Merge(16)(d.events) AS events,
       round(uniqCombined64MergeIf(16)(d.events, d.named) / events, 4) AS attributed,
       round(uniqCombined64MergeIf(16)(d.events, d.presented != 'none') / events, 4) AS with_credential,
       round(uniqCombined64MergeIf(16)(d.events, d.presented = 'masked') / events, 4) AS masked,
       uniqExact(d.day) AS days, any(h.rows) AS hanging, round(any(h.good) / greatest(any(h.rows), 1), 4) AS verifiable,
       max(d.last) AS watermark
FROM (SELECT * FROM {internal}.source_days WHERE day > today() - 30 AND source != 'inventory') AS d
LEFT JOIN
(
    SELECT hangs_on, count() AS rows, countIf(value IN ('proven', 'violated')) AS good FROM ledger GROUP BY hangs_on
) AS h ON h.hangs_on = if(d.instance IN ('', 'default'), toString(d.source), concat(d.source, '/', d.instance))
GROUP BY d.source, d.instance
ORDER BY source, instance;

CREATE OR REPLACE VIEW blind_spots
(
    most_privileged String         COMMENT 'privilege of the most privileged identity that it concerns',
    rows            UInt64         COMMENT 'rows of the ledger that it would turn',
    identities      UInt64         COMMENT 'of so many identities',
    source          String         COMMENT 'the log that would show it',
    what            String         COMMENT 'what is not seen',
    why             String         COMMENT 'why not',
    switch_on       String         COMMENT 'what to do about it',
    controls        Array(String)  COMMENT 'which controls cannot tell',
    example         String         COMMENT 'the most privileged identity that it concerns, by the name that people know',
    privilege_rank  UInt8          COMMENT 'to order by: 4 critical to 1 low'
) AS
WITH
held AS
(
    SELECT l.control AS control, l.identity AS identity, if(l.identity_name != '', l.identity_name, l.identity) AS called, l.value AS value,
           l.reason AS reason, l.aged AS aged, splitByChar('/', l.hangs_on)[1] AS origin, greatest(p.privilege_rank, 1) AS level,
           p.privilege AS privilege
    FROM ledger AS l
    LEFT JOIN privileges AS p ON p.identity = l.identity
    WHERE l.value IN ('unverifiable', 'assumed')
),
pages AS (SELECT * FROM sources FINAL),
shown AS (SELECT DISTINCT toString(source) AS source, concat(operation, '|', action, '|', presented, '|', teaches) AS text FROM {internal}.source_days),
dark AS
(
    SELECT toString(b.source) AS source, b.name AS name, any(b.hides) AS hides, any(b.switch_on) AS switch_on
    FROM (SELECT * FROM {internal}.source_blind FINAL) AS b
    INNER JOIN shown ON shown.source = toString(b.source)
    GROUP BY b.source, b.name
    HAVING countIf(b.shown_by != '' AND match(shown.text, b.shown_by)) = 0
)
SELECT if(empty(argMax(privilege, level)), 'low', argMax(privilege, level)) AS most_privileged, count() AS rows, uniqExact(identity) AS identities,
       source, what, why, switch_on, arraySort(groupUniqArray(control)) AS controls, argMax(called, (level, called)) AS example,
       toUInt8(max(level)) AS privilege_rank
FROM
(
    SELECT control, identity, called, level, privilege, origin AS source, arrayJoin(arrayConcat(own, d.spots)) AS spot,
           spot.1 AS what, spot.2 AS why, spot.3 AS switch_on
    FROM
    (
        SELECT held.control AS control, held.identity AS identity, held.called AS called, held.level AS level, held.privilege AS privilege,
               held.origin AS origin, held.value = 'unverifiable' OR held.aged = 'source behind' AS hidden,
               multiIf(held.aged = 'source behind', 'source behind', p.source != '' AND held.origin NOT IN (SELECT source FROM shown), 'source never collected',
                       held.origin = '', 'no log shows it', 'not shown by its log') AS called_so,
               -- Of a log that is behind the rows differ in what was proven.
               if(held.aged = 'source behind', concat('the ', held.origin, ' log is behind: what is proven by it may be contradicted by now'),
                  replaceRegexpOne(held.reason, '; ended by .*', '')) AS because,
               multiIf(held.aged = 'source behind', 'have the log shipped again (gapwatch doctor says where records stay)', p.ship != '', p.ship, 'nothing that is known') AS remedy,
               if(hidden, [(called_so, because, remedy)], []) AS own
        FROM held
        LEFT JOIN pages AS p ON p.source = held.origin
    ) AS rows_held
    LEFT JOIN (SELECT source, groupArray((name, hides, switch_on)) AS spots FROM dark GROUP BY source) AS d ON d.source = rows_held.origin
)
GROUP BY source, what, why, switch_on
ORDER BY privilege_rank DESC, rows DESC, source, what, why;
