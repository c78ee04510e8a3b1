-- A key that was never tried again shows nothing: it is not an immediate revocation, and its zero flatters a percentile.

-- As in 010_lives.sql. Percentiles are over what is known: refused or expired since its last success (proven), or used with
-- success after its end (violated). silent: nothing came since the end, and it has not expired; null where nothing is known.
CREATE OR REPLACE VIEW time_to_effective_revocation AS
SELECT provider, account, count() AS revocations, countIf(known) AS measured, countIf(NOT known) AS silent,
       countIf(known AND seconds_to_effect = 0) AS immediate,
       quantileExactIfOrNull(0.5)(seconds_to_effect, known) AS p50_seconds,
       quantileExactIfOrNull(0.9)(seconds_to_effect, known) AS p90_seconds,
       maxIfOrNull(seconds_to_effect, known) AS max_seconds, countIf(proof = 'refused') AS refused,
       countIf(proof = 'expired') AS expired, countIf(proof = 'none') AS unproven
FROM (SELECT *, proof != 'none' OR seconds_to_effect > 0 AS known FROM revocations)
GROUP BY provider, account
ORDER BY provider, account;
