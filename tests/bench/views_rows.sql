-- Rows for tests.bench.views, made by the engine: a month of 5,000 identities.

-- activities
INSERT INTO activities (uid, time, source, instance, identity, credential, operation, service, outcome,
    action, place, client, resource, effects, topic, offset, arrived, processed)
SELECT concat('e', toString(n)), at, ['cloudtrail', 'vault', 'kubernetes', 'otel'][who % 4 + 1], 'default',
    concat('aws:111122223333:role/r', toString(who)), concat('aws:key/AKIA', leftPad(toString(who * 10 + n % 10), 16, '0')),
    if(who % 4 = 3, 'execute_tool search', ['GetObject', 'PutObject', 'ListBuckets', 'GetSecretValue', 'CreateUser'][n % 5 + 1]), 's',
    if(n % 50 = 0, 'unauthenticated', 'succeeded'), ['', '', '', 'secret_read', 'identity_write'][n % 5 + 1],
    concat('198.51.', toString(who % 100), '.', toString(n % 200)), 'aws-sdk/1', '',
    if(who % 100 = 3 AND n % 20 = 0, concat('[{"type":"spanned","trace":"t', toString(n), '","span_id":"s","span":["tool","","s","a","tool', toString(n % 30), '"]}]'), ''),
    'raw', n, addSeconds(at, 300), addSeconds(at, 301)
FROM (SELECT number AS n, cityHash64(number) % {identities:UInt64} AS who,
             now64(6, 'UTC') - toIntervalSecond(300 + cityHash64(number, 1) % 2592000) AS at
      FROM numbers({from:UInt64}, {many:UInt64}));

-- credential_rows
INSERT INTO credentials (credential, version, identity, kind, parent, issued_time, died_time, died_how)
SELECT concat('aws:key/AKIA', leftPad(toString(number), 16, '0')), 1, concat('aws:111122223333:role/r', toString(intDiv(number, 10))),
    'access_key', if(number % 10 = 0, '', concat('aws:key/AKIA', leftPad(toString(number - number % 10), 16, '0'))),
    now64(6, 'UTC') - toIntervalDay(100), if(number % 20 = 0, now64(6, 'UTC') - toIntervalDay(number % 25), NULL), 'DeleteAccessKey'
FROM numbers({many:UInt64});

-- assurance
INSERT INTO assurance (ocsf, version)
SELECT concat('{"finding_info":{"uid":"', uid, '","title":"t","desc":"refused","analytic":{"uid":"revoked_credential_used"},',
    '"related_events":[{"uid":"e', toString(number), '"}]},"resources":[{"uid":"aws:111122223333:role/r', toString(number % 5000), '"}],',
    '"compliance":{"status":"', ['proven', 'assumed', 'violated', 'unverifiable'][number % 4 + 1], '"},"unmapped":{"subject":"s', toString(number), '",',
    '"hangs_on":"', ['cloudtrail', 'vault', 'kubernetes', 'okta'][number % 4 + 1], '","proof":{"time":',
    toString(toUnixTimestamp(now()) * 1000 - number * 100000), '}}}'), number
FROM (SELECT number, concat('u', toString(number)) AS uid FROM numbers({many:UInt64}));

-- findings
INSERT INTO findings (ocsf, version)
SELECT concat('{"finding_info":{"uid":"f', toString(number % 10000), '","title":"t","desc":"d","analytic":{"uid":"c', toString(number % 30), '"},',
    '"related_events":[{"uid":"e', toString(number), '"}]},"resources":[{"uid":"aws:111122223333:role/r', toString(number % 5000), '"}],',
    '"severity_id":', toString(number % 5 + 1), ',"severity":"High","status_id":', toString([1, 1, 4, 3][number % 4 + 1]), ',"unmapped":{"latency":[{"occurred":1,"arrived":2,"processed":3}]}}'), number
FROM numbers({many:UInt64});

