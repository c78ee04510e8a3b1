-- The lives of credentials, for analysts: what is told of each, in numbers that can be counted again.

-- One row per credential with an end that has come: how long it went on, and what shows that it stopped.
-- proof: refused (presented after its last success and not accepted), expired (over by itself since), none (not known).
CREATE VIEW IF NOT EXISTS revocations AS
SELECT credential, identity, kind, splitByChar(':', identity)[1] AS provider,
       if(match(splitByChar(':', identity)[2], '/'), '', splitByChar(':', identity)[2]) AS account,
       died_time, died_how, last_success_time, last_use_time, last_use_outcome, expires,
       greatest(0, dateDiff('millisecond', died_time, coalesce(last_success_time, died_time))) / 1000 AS seconds_to_effect,
       multiIf(last_use_outcome = 'unauthenticated' AND last_use_time > died_time, 'refused',
               expires <= now64(6), 'expired', 'none') AS proof
FROM credentials FINAL
WHERE died_time <= now64(6);

-- Time to effective revocation: from the kill to the last success, per provider and account. immediate: no success came
-- after the kill; unproven: nothing shows yet that it stopped, so their time may still grow.
CREATE VIEW IF NOT EXISTS time_to_effective_revocation AS
SELECT provider, account, count() AS revocations, countIf(seconds_to_effect = 0) AS immediate,
       quantileExact(0.5)(seconds_to_effect) AS p50_seconds, quantileExact(0.9)(seconds_to_effect) AS p90_seconds,
       max(seconds_to_effect) AS max_seconds, countIf(proof = 'refused') AS refused, countIf(proof = 'expired') AS expired,
       countIf(proof = 'none') AS unproven
FROM revocations
GROUP BY provider, account
ORDER BY provider, account;

-- Every pair of ancestor and descendant, through all generations (16 at most: deeper is a cycle of wrong records).
CREATE VIEW IF NOT EXISTS credential_lineage AS
WITH RECURSIVE line AS
(
    SELECT parent AS ancestor, credential, 1 AS generation
    FROM credentials FINAL
    WHERE parent != ''
    UNION ALL
    SELECT line.ancestor AS ancestor, child.credential AS credential, line.generation + 1 AS generation
    FROM line
    INNER JOIN (SELECT credential, parent FROM credentials FINAL WHERE parent != '') AS child
        ON child.parent = line.credential
    WHERE line.generation < 16
)
SELECT ancestor, credential, min(generation) AS generation
FROM line
GROUP BY ancestor, credential;

-- What still lives of credentials that have ended: each descendant that was not cut and has not expired, until when
-- (null: no end is known). One row per descendant and ended ancestor.
CREATE VIEW IF NOT EXISTS residual_forecast AS
SELECT line.ancestor AS ended, up.identity AS ended_identity, up.died_time AS ended_time, up.died_how AS ended_how,
       line.credential AS credential, down.identity AS identity, down.kind AS kind, line.generation AS generation,
       down.issued_time AS issued_time, down.expires AS alive_until, down.last_success_time AS last_success_time,
       down.last_success_time > up.died_time AS used_since
FROM credential_lineage AS line
INNER JOIN (SELECT * FROM credentials FINAL WHERE died_time <= now64(6)) AS up ON up.credential = line.ancestor
INNER JOIN (SELECT * FROM credentials FINAL) AS down ON down.credential = line.credential
WHERE (down.died_time IS NULL OR down.died_time > now64(6)) AND (down.expires IS NULL OR down.expires > now64(6))
  AND (down.issued_time IS NULL OR down.issued_time <= up.died_time)
ORDER BY alive_until DESC NULLS FIRST, credential;

-- Rotation completeness: what each rotated thing is worth now. progress says who has moved, who has not, and since when;
-- safe_to_delete_old is the verdict proven, and evidence names the events that prove it.
CREATE VIEW IF NOT EXISTS rotation_completeness AS
SELECT JSONExtractString(ocsf, 'unmapped', 'subject') AS rotated, identity, owner, compliance_status AS verdict,
       compliance_status = 'proven' AS safe_to_delete_old, JSONExtractString(ocsf, 'finding_info', 'desc') AS progress,
       arrayMap(event -> JSONExtractString(event, 'uid'), JSONExtractArrayRaw(ocsf, 'finding_info', 'related_events')) AS evidence,
       start_time AS since, end_time AS latest
FROM assurance FINAL
WHERE control = 'old_version_used_after_rotation'
ORDER BY rotated;

-- How often a dead credential was presented, by outcome: findings never count, this does. A record that was delivered or
-- read twice is one try. One credential may be known under several names; names adds those its own records told.
CREATE VIEW IF NOT EXISTS tries_per_dead_credential AS
WITH named AS
(
    SELECT credential AS name, credential FROM credentials FINAL WHERE died_time <= now64(6)
    UNION DISTINCT
    SELECT arrayJoin(names) AS name, credential FROM activities WHERE credential IN
        (SELECT credential FROM credentials FINAL WHERE died_time <= now64(6))
)
SELECT dead.credential AS credential, dead.identity AS identity, dead.died_time AS died_time, dead.died_how AS died_how,
       act.outcome AS outcome, uniqExact(act.uid) AS tries, min(act.time) AS first, max(act.time) AS last,
       uniqExact(act.place) AS places
FROM (SELECT uid, time, credential, outcome, place FROM activities WHERE credential != '' AND action != 'service') AS act
INNER JOIN named ON named.name = act.credential
INNER JOIN (SELECT * FROM credentials FINAL WHERE died_time <= now64(6)) AS dead ON dead.credential = named.credential
WHERE act.time > dead.died_time
GROUP BY credential, identity, died_time, died_how, outcome
ORDER BY tries DESC, credential, outcome;
