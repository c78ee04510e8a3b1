-- The revocation clock: of each credential that has ended, the time from its end to the last use that was accepted.

-- What was last accepted and last refused of each credential, under every name that its records give it. Taken as the maximum, so
-- that a record that comes twice changes nothing. What a provider's own service did with the id is no use.
CREATE TABLE IF NOT EXISTS {internal}.credential_uses
(
    credential String,
    accepted   SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    refused    SimpleAggregateFunction(max, DateTime64(6, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY credential
TTL toDateTime(greatest(accepted, refused)) + INTERVAL 800 DAY DELETE WHERE greatest(accepted, refused) > toDateTime64('2000-01-01 00:00:00', 6, 'UTC');

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.credential_uses_view TO {internal}.credential_uses AS
SELECT name AS credential, maxIf(time, outcome IN ('succeeded', 'failed', 'forbidden')) AS accepted,
       maxIf(time, outcome = 'unauthenticated') AS refused
FROM
(
    SELECT least(time, arrived) AS time, outcome, arrayJoin(arrayDistinct(arrayConcat([credential], names))) AS name
    FROM activities
    WHERE credential != '' AND action != 'service'
)
GROUP BY name;

INSERT INTO {internal}.credential_uses (credential, accepted, refused)
SELECT name AS credential, maxIf(time, outcome IN ('succeeded', 'failed', 'forbidden')) AS accepted,
       maxIf(time, outcome = 'unauthenticated') AS refused
FROM
(
    SELECT least(time, arrived) AS time, outcome, arrayJoin(arrayDistinct(arrayConcat([credential], names))) AS name
    FROM activities
    WHERE credential != '' AND action != 'service'
)
GROUP BY name;

-- What people call the things that keys name; to be joined for showing, never to decide by.
CREATE OR REPLACE VIEW names
(
    key  String  COMMENT 'of an identity or a credential',
    name String  COMMENT 'what people call it'
) AS
SELECT pair.1 AS key, argMax(pair.2, version) AS name
FROM (SELECT version, arrayJoin([(identity, identity_name), (credential, credential_name)]) AS pair FROM assurance)
WHERE pair.1 != '' AND pair.2 != ''
GROUP BY key;

CREATE OR REPLACE VIEW revocation_clock
(
    credential      String                          COMMENT 'key of the credential that has ended',
    credential_name String                          COMMENT 'what people call it',
    identity        String                          COMMENT 'key of its identity',
    identity_name   String                          COMMENT 'what people call it',
    kind            String                          COMMENT 'of credential',
    provider        String                          COMMENT 'who issued it',
    account         String                          COMMENT 'the installation',
    how             String                          COMMENT 'by what it ended, in the words of its log',
    ended           DateTime64(6, 'UTC')            COMMENT 'when that is on record',
    last_accepted   Nullable(DateTime64(6, 'UTC'))  COMMENT 'the last use that was accepted, before or after',
    refused         Nullable(DateTime64(6, 'UTC'))  COMMENT 'the last try that was refused after the last that was accepted',
    state           String                          COMMENT 'running: accepted after the end and not refused since; refused, expired: it has stopped; silent: nothing came since',
    seconds         Float64                         COMMENT 'from the end to the last accepted use; 0: none came after it',
    running_seconds Nullable(Float64)               COMMENT 'of a running one, from the end to now'
) AS
SELECT lived.credential AS credential, of_credential.name AS credential_name, lived.identity AS identity, of_identity.name AS identity_name,
       kind, provider, account, died_how AS how, died_time AS ended,
       nullIf(accepted_at, toDateTime64(0, 6, 'UTC')) AS last_accepted,
       if(refused_at > accepted_at AND refused_at > died_time, refused_at, NULL) AS refused,
       multiIf(refused IS NOT NULL, 'refused', ifNull(expires <= now64(6), false), 'expired', accepted_at > died_time, 'running', 'silent') AS state,
       greatest(0, dateDiff('millisecond', died_time, greatest(accepted_at, died_time))) / 1000 AS seconds,
       if(state = 'running', dateDiff('millisecond', died_time, now64(6)) / 1000, NULL) AS running_seconds
FROM
(
    SELECT c.credential AS credential, c.identity AS identity, toString(c.kind) AS kind, splitByChar(':', c.identity)[1] AS provider,
           if(match(splitByChar(':', c.identity)[2], '/'), '', splitByChar(':', c.identity)[2]) AS account,
           assumeNotNull(c.died_time) AS died_time, toString(c.died_how) AS died_how, c.expires AS expires,
           greatest(ifNull(c.last_success_time, toDateTime64(0, 6, 'UTC')), u.accepted,
                    if(c.last_use_outcome IN ('succeeded', 'failed', 'forbidden'), ifNull(c.last_use_time, toDateTime64(0, 6, 'UTC')), toDateTime64(0, 6, 'UTC'))) AS accepted_at,
           greatest(u.refused, if(c.last_use_outcome = 'unauthenticated', ifNull(c.last_use_time, toDateTime64(0, 6, 'UTC')), toDateTime64(0, 6, 'UTC'))) AS refused_at
    FROM (SELECT * FROM credentials FINAL WHERE died_time <= now64(6)) AS c
    LEFT JOIN
    (
        SELECT credential, max(accepted) AS accepted, max(refused) AS refused
        FROM {internal}.credential_uses
        WHERE credential IN (SELECT credential FROM credentials FINAL WHERE died_time <= now64(6))
        GROUP BY credential
    ) AS u ON u.credential = c.credential
) AS lived
LEFT JOIN names AS of_credential ON of_credential.key = lived.credential
LEFT JOIN names AS of_identity ON of_identity.key = lived.identity
ORDER BY state != 'running', seconds DESC, credential;

-- How long revocations take, per provider, account and way of ending. Percentiles are over what was measured: refused or expired
-- since, or used after the end; null where nothing was. The times of those that run may still grow.
CREATE OR REPLACE VIEW revocation_times
(
    provider    String             COMMENT 'who issued the credentials',
    account     String             COMMENT 'the installation',
    how         String             COMMENT 'by what they ended, in the words of the log',
    revocations UInt64             COMMENT 'credentials that ended so',
    measured    UInt64             COMMENT 'of these, those of which something is known after the end',
    immediate   UInt64             COMMENT 'of those, with no accepted use after the end',
    p50_seconds Nullable(Float64),
    p90_seconds Nullable(Float64),
    p99_seconds Nullable(Float64),
    max_seconds Nullable(Float64),
    refused     UInt64             COMMENT 'stopped: refused since',
    expired     UInt64             COMMENT 'stopped: expired since',
    running     UInt64             COMMENT 'unproven: accepted after the end and not refused since',
    silent      UInt64             COMMENT 'unproven: nothing came since the end'
) AS
SELECT provider, account, how, count() AS revocations, countIf(state != 'silent') AS measured,
       countIf(state != 'silent' AND seconds = 0) AS immediate,
       quantileExactIfOrNull(0.5)(seconds, state != 'silent') AS p50_seconds, quantileExactIfOrNull(0.9)(seconds, state != 'silent') AS p90_seconds,
       quantileExactIfOrNull(0.99)(seconds, state != 'silent') AS p99_seconds, maxIfOrNull(seconds, state != 'silent') AS max_seconds,
       countIf(state = 'refused') AS refused, countIf(state = 'expired') AS expired, countIf(state = 'running') AS running,
       countIf(state = 'silent') AS silent
FROM revocation_clock
GROUP BY provider, account, how
ORDER BY provider, account, how;
