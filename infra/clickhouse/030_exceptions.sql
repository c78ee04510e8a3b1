-- Exceptions, one row per scope: the last record about a scope counts (correlators.kernel.views.exceptions). The id is the
-- one that findings name in their status_detail (schemas.claims.PolicyException.id).
CREATE OR REPLACE VIEW exceptions
(
    id          String                  COMMENT 'by what people name it; the same for all records about one scope',
    state       LowCardinality(String)  COMMENT 'holds, ended or withdrawn',
    control     String                  COMMENT 'whose findings it suppresses',
    identity    String                  COMMENT 'of which identity, * at its end: of all that begin so; empty: of any',
    place       String                  COMMENT 'from which place or network; empty: from any',
    action      String                  COMMENT 'by which operation; empty: by any',
    owner       String                  COMMENT 'who answers for it',
    reason      String                  COMMENT 'why, or why it was withdrawn',
    until       DateTime64(3, 'UTC')    COMMENT 'when it ends',
    recorded    DateTime64(6, 'UTC')    COMMENT 'when its last record was made',
    suppresses  UInt64                  COMMENT 'findings that it suppresses now',
    findings    Array(String)           COMMENT 'their uids'
) AS
SELECT said.1 AS id, multiIf(last.7, 'withdrawn', last.6 <= toUnixTimestamp64Micro(now64(6)), 'ended', 'holds') AS state,
       last.1 AS control, last.2 AS identity, last.3 AS place, last.4 AS action, last.5.1 AS owner, last.5.2 AS reason,
       fromUnixTimestamp64Milli(intDiv(last.6, 1000), 'UTC') AS until, said.2 AS recorded,
       length(told.uids) AS suppresses, told.uids AS findings
FROM
(
    SELECT (concat('ex-', substring(lower(hex(SHA256(concat(control, '\t', identity, '\t', place, '\t', action)))), 1, 8)), max(time)) AS said,
           argMax((control, identity, place, action, (owner, reason), until, withdrawn), (time, uid)) AS last
    FROM
    (
        SELECT time, uid, JSONExtractString(effect, 'control') AS control, JSONExtractString(effect, 'identity') AS identity,
               JSONExtractString(effect, 'place') AS place, JSONExtractString(effect, 'action') AS action,
               JSONExtractString(effect, 'owner') AS owner, JSONExtractString(effect, 'reason') AS reason,
               JSONExtractInt(effect, 'until') AS until, JSONExtractBool(effect, 'withdrawn') AS withdrawn
        FROM (SELECT time, uid, arrayJoin(JSONExtractArrayRaw(effects)) AS effect FROM activities
              WHERE source = 'inventory' AND operation = 'declare exceptions')
        WHERE JSONExtractString(effect, 'type') = 'excepted'
    )
    GROUP BY control, identity, place, action
) AS records
LEFT JOIN
(
    SELECT extract(status_detail, 'ex-[0-9a-f]{8}') AS exception, groupArray(uid) AS uids
    FROM findings FINAL
    WHERE status_id = 3
    GROUP BY exception
) AS told ON told.exception = records.said.1
ORDER BY state != 'holds', until, id;
