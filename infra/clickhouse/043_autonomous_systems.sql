-- The number of the autonomous system that the place of a use is in, where its record says it.
ALTER TABLE activities ADD COLUMN IF NOT EXISTS asn UInt32
    COMMENT 'number of the autonomous system of the place, as the record says it; 0: it does not' AFTER asked;

ALTER TABLE activities_in ADD COLUMN IF NOT EXISTS asn UInt32 AFTER asked;

-- What a view selects is fixed when it is made; see 009.
ALTER TABLE activities_in_view MODIFY QUERY
SELECT * REPLACE (
    fromUnixTimestamp64Micro(time, 'UTC') AS time,
    fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived,
    fromUnixTimestamp64Micro(processed, 'UTC') AS processed
)
FROM activities_in;
