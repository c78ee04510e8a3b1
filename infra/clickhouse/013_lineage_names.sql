-- The other names of a credential, as dossiers know them, both ways: its token beside its accessor.
CREATE VIEW IF NOT EXISTS credential_names AS
SELECT DISTINCT arrayJoin([(entry.1, other), (other, entry.1)]) AS pair, pair.1 AS name, pair.2 AS other_name
FROM
(
    SELECT entry, arrayJoin(JSONExtract(entry.2, 'names', 'Array(String)')) AS other
    FROM
    (
        SELECT arrayJoin(JSONExtractKeysAndValuesRaw(body, 'credentials')) AS entry
        FROM dossiers FINAL
        WHERE position(body, '"names":[') > 0
    )
    WHERE JSONHas(entry.2, 'names')
)
WHERE other != entry.1;

-- As in 010_lives.sql, and where a child names its parent by another name than the parent's row bears, by the name that
-- the row bears: of several an accessor, then the accessor of a secret id, then by text, as the correlators choose.
CREATE OR REPLACE VIEW credential_lineage AS
WITH RECURSIVE
rows AS (SELECT credential, parent FROM credentials FINAL),
borne AS
(
    SELECT name, argMin(other_name, (position(other_name, '/accessor/') = 0, position(other_name, '-accessor/') > 0, other_name)) AS credential
    FROM
    (
        SELECT name, other_name FROM credential_names
        UNION DISTINCT
        SELECT parent AS name, parent AS other_name FROM rows
    )
    WHERE other_name IN (SELECT credential FROM rows)
    GROUP BY name
),
edges AS
(
    SELECT if(borne.credential != '', borne.credential, child.parent) AS parent, child.credential AS credential
    FROM rows AS child
    LEFT JOIN borne ON borne.name = child.parent
    WHERE child.parent != '' AND parent != credential
),
line AS
(
    SELECT parent AS ancestor, credential, 1 AS generation
    FROM edges
    UNION ALL
    SELECT line.ancestor AS ancestor, child.credential AS credential, line.generation + 1 AS generation
    FROM line
    INNER JOIN edges AS child ON child.parent = line.credential
    WHERE line.generation < 16
)
SELECT ancestor, credential, min(generation) AS generation
FROM line
GROUP BY ancestor, credential;
