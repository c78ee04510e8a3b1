-- What a credential was presented to, where a refusal speaks of that alone: the role of an exchange, the role id of a
-- login, a namespace.
ALTER TABLE activities ADD COLUMN IF NOT EXISTS asked String
    COMMENT 'what the credential was presented to, where a refusal speaks of that alone' AFTER allowed_by;

ALTER TABLE activities_in ADD COLUMN IF NOT EXISTS asked String AFTER allowed_by;

-- What a view selects is fixed when it is made; see 009.
ALTER TABLE activities_in_view MODIFY QUERY
SELECT * REPLACE (
    fromUnixTimestamp64Micro(time, 'UTC') AS time,
    fromUnixTimestamp64Micro(arrived, 'UTC') AS arrived,
    fromUnixTimestamp64Micro(processed, 'UTC') AS processed
)
FROM activities_in;
