-- Dossiers: the changelog of the correlators' state, from which the state comes back after the embedded broker is gone.
-- A dossier is restored by joining ALL rows of its key: a worker that was cut off may have written a poorer dossier after
-- a richer one, so "the latest" may know less. Hence no ReplacingMergeTree(version) by key, and no TTL on superseded
-- rows: nothing in SQL can tell which row is superseded. What bounds the table is compaction by joining: a process reads
-- the rows of a key, joins them, writes the join in place of the newest (same version, more rows joined) and only then
-- deletes the older ones. The join is idempotent and commutative, so doing it twice, half, or in two places loses nothing.
CREATE TABLE IF NOT EXISTS dossiers
(
    key     String,
    version UInt64               COMMENT 'epoch << 40 | offset in the changelog' CODEC(Delta, ZSTD(1)),
    joined  UInt32               COMMENT 'rows that were joined into this one; 0 as it came from the changelog',
    body    String               COMMENT 'the dossier as JSON, empty where its key was deleted' CODEC(ZSTD(3)),
    written DateTime('UTC') DEFAULT now()
)
-- (key, version) is one message of the changelog, so redelivery is harmless; a join at the same version outranks it.
ENGINE = ReplacingMergeTree(joined)
-- The rows of a key lie together: restoring reads them in one pass, and similar bodies compress 20 to 50 times.
ORDER BY (key, version)
-- Twice as long as the longest memory in a dossier: who did not change for that long has nothing left to say.
TTL written + INTERVAL 800 DAY;

-- Rows whose join has been written: what the next compaction deletes, all in one go, since a delete costs a second
-- however little it deletes. To lose this table, or a part of it, does no harm: the rows are joined once more.
CREATE TABLE IF NOT EXISTS dossiers_superseded
(
    key     String,
    version UInt64,
    written DateTime('UTC') DEFAULT now()
)
ENGINE = MergeTree
ORDER BY (key, version)
TTL written + INTERVAL 1 DAY;

-- What is to be joined, one row per key: all bodies since the key was last deleted.
CREATE VIEW IF NOT EXISTS dossiers_live AS
SELECT key, max(dossiers.version) AS version, maxIf(dossiers.version, body = '') AS deleted,
       arrayMap(row -> row.2, arrayFilter(row -> row.1 > deleted AND row.2 != '', groupArray((dossiers.version, body)))) AS bodies
FROM dossiers FINAL
GROUP BY key
HAVING notEmpty(bodies);
