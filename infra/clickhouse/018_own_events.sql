-- An event's id means something only together with the source and the installation that gave it: two that give the same id
-- tell of two events.

-- As in 010_lives.sql; two sources that give one id are two tries.
CREATE OR REPLACE VIEW tries_per_dead_credential AS
WITH named AS
(
    SELECT credential AS name, credential FROM credentials FINAL WHERE died_time <= now64(6)
    UNION DISTINCT
    SELECT arrayJoin(names) AS name, credential FROM activities WHERE credential IN
        (SELECT credential FROM credentials FINAL WHERE died_time <= now64(6))
)
SELECT dead.credential AS credential, dead.identity AS identity, dead.died_time AS died_time, dead.died_how AS died_how,
       act.outcome AS outcome, uniqExact((act.source, act.instance, act.uid)) AS tries, min(act.time) AS first,
       max(act.time) AS last, uniqExact(act.place) AS places
FROM
(
    SELECT uid, source, instance, time, credential, outcome, place FROM activities
    WHERE credential != '' AND action != 'service'
) AS act
INNER JOIN named ON named.name = act.credential
INNER JOIN (SELECT * FROM credentials FINAL WHERE died_time <= now64(6)) AS dead ON dead.credential = named.credential
WHERE act.time > dead.died_time
GROUP BY credential, identity, died_time, died_how, outcome
ORDER BY tries DESC, credential, outcome;
