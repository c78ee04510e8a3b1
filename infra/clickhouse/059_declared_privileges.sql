-- Declared privileges, kept beside what was seen: to look for them among all activities takes seconds where there are millions.
CREATE TABLE IF NOT EXISTS {internal}.declared_privileges
(
    identity  String,
    privilege LowCardinality(String),
    time      DateTime64(6, 'UTC')  COMMENT 'of the record; the last one counts'
)
ENGINE = ReplacingMergeTree(time)
ORDER BY identity;

CREATE MATERIALIZED VIEW IF NOT EXISTS {internal}.declared_privileges_view TO {internal}.declared_privileges AS
SELECT JSONExtractString(effect, 'identity') AS identity, JSONExtractString(effect, 'declaration', 'privilege') AS privilege, time
FROM (SELECT time, arrayJoin(JSONExtractArrayRaw(effects)) AS effect FROM activities WHERE source = 'inventory' AND position(effects, '"privilege"') > 0)
WHERE JSONExtractString(effect, 'type') = 'stated' AND privilege != '';

INSERT INTO {internal}.declared_privileges
SELECT JSONExtractString(effect, 'identity') AS identity, JSONExtractString(effect, 'declaration', 'privilege') AS privilege, time
FROM (SELECT time, arrayJoin(JSONExtractArrayRaw(effects)) AS effect FROM activities WHERE source = 'inventory' AND position(effects, '"privilege"') > 0)
WHERE JSONExtractString(effect, 'type') = 'stated' AND privilege != '';

-- As in 057_blind_spots.sql.
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
        SELECT identity AS key, toString(privilege) AS said, toDateTime64(0, 6, 'UTC') AS w, toDateTime64(0, 6, 'UTC') AS r, toDateTime64(0, 6, 'UTC') AS l
        FROM {internal}.declared_privileges FINAL
    )
    GROUP BY key
) AS every
LEFT JOIN names AS named ON named.key = every.key;
