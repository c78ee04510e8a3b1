-- A database made by an earlier version has activities without these two columns; in a new one this changes nothing.
ALTER TABLE activities ADD COLUMN IF NOT EXISTS incarnation String
    COMMENT 'what tells the identity from a successor of its name' AFTER error;

ALTER TABLE activities ADD COLUMN IF NOT EXISTS allowed_by String COMMENT 'key of the grant that allowed it' AFTER incarnation;

ALTER TABLE activities_in ADD COLUMN IF NOT EXISTS incarnation String AFTER error;

ALTER TABLE activities_in ADD COLUMN IF NOT EXISTS allowed_by String AFTER incarnation;

-- What a view selects is fixed when it is made. Changed in place, not dropped and made again: between the two, what
-- another process inserts would be lost.
ALTER TABLE activities_in_view MODIFY QUERY
SELECT * REPLACE (
    fromUnixTimestamp64Micro(time, 'UTC') AS time,
    fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived,
    fromUnixTimestamp64Micro(processed, 'UTC') AS processed
)
FROM activities_in;
