-- Views for analysts. Each gives current rows, whatever has been merged so far.
CREATE VIEW IF NOT EXISTS findings_current AS SELECT * FROM findings FINAL;

CREATE VIEW IF NOT EXISTS findings_open AS
SELECT uid, control, severity_id, confidence_id, title, identity, owner, credential, start_time, end_time, time, ocsf
FROM findings FINAL
WHERE status_id NOT IN (3, 4);

CREATE VIEW IF NOT EXISTS assurance_current AS SELECT * FROM assurance FINAL;

CREATE VIEW IF NOT EXISTS credentials_current AS SELECT * FROM credentials FINAL;

-- How far behind each source is: by its own clock (newest), by ours (last_arrived), and how long its records were on the way.
CREATE VIEW IF NOT EXISTS source_lag AS
SELECT source, instance, uniqExact(uid) AS activities_24h, max(time) AS newest, max(arrived) AS last_arrived,
       dateDiff('second', max(arrived), now64(6)) AS silent_seconds,
       quantileExact(0.5)(dateDiff('second', time, arrived)) AS delay_seconds_median,
       max(dateDiff('millisecond', arrived, processed)) AS processing_ms_max
FROM activities
WHERE arrived > now64(6) - INTERVAL 1 DAY
GROUP BY source, instance
ORDER BY source, instance;

CREATE VIEW IF NOT EXISTS activity_counts AS
SELECT toStartOfHour(time) AS hour, source, instance, outcome, uniqExact(uid) AS activities
FROM activities
GROUP BY hour, source, instance, outcome
ORDER BY hour, source, instance, outcome;

CREATE VIEW IF NOT EXISTS reject_counts AS
SELECT source, instance, field, reason, count() AS rejects, min(arrived) AS first, max(arrived) AS last,
       argMax((topic, partition, offset, line, place), arrived) AS last_place
FROM rejects FINAL
GROUP BY source, instance, field, reason
ORDER BY rejects DESC;

-- Time to effective revocation: from the recorded end of a credential to its last success; 0 where none came after it.
CREATE VIEW IF NOT EXISTS revocation_lag AS
SELECT credential, identity, kind, died_how, died_time, last_success_time,
       greatest(0, dateDiff('second', died_time, coalesce(last_success_time, died_time))) AS seconds_to_effect
FROM credentials FINAL
WHERE died_time IS NOT NULL
ORDER BY seconds_to_effect DESC;
