-- Activities by the identity that was resolved later: a denied token names nobody, its forwarding address is learned
-- from another record. The addresses are in the dossiers; two steps are followed (a token to its accessor or entity,
-- that one to the identity whose alias it is).
CREATE VIEW IF NOT EXISTS addresses AS
SELECT key, min(arrayJoin(JSONExtractKeys(body, 'addresses'))) AS home
FROM dossiers FINAL
WHERE JSONHas(body, 'addresses')
GROUP BY key;

CREATE VIEW IF NOT EXISTS activities_resolved AS
SELECT a.*, multiIf(second.home != '', second.home, first.home != '', first.home,
                    a.identity != '', a.identity, a.credential) AS resolved_identity
FROM activities AS a
LEFT JOIN addresses AS first ON first.key = if(a.identity != '', a.identity, a.credential)
LEFT JOIN addresses AS second ON second.key = first.home;
