-- Spans are found by what an activity teaches, whatever its source is called: 012_spans.sql named two.
DROP VIEW IF EXISTS spans_view;

CREATE MATERIALIZED VIEW IF NOT EXISTS spans_view TO spans AS
SELECT uid, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent, arrived
FROM
(
    SELECT uid, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE position(effects, '"spanned"') > 0
)
WHERE effect != '';

-- What came before the view. Twice or beside it does no harm.
INSERT INTO spans (uid, trace, within, span_id, parent, kind, agent, arrived)
SELECT uid, JSONExtractString(effect, 'trace') AS trace, JSONExtractString(effect, 'within') AS within,
       JSONExtractString(effect, 'span_id') AS span_id, JSONExtractString(effect, 'span', 2) AS parent,
       JSONExtractString(effect, 'span', 1) AS kind, if(JSONExtractString(effect, 'span', 4) != '', identity, '') AS agent, arrived
FROM
(
    SELECT uid, identity, arrived,
           arrayFirst(each -> JSONExtractString(each, 'type') = 'spanned', JSONExtractArrayRaw(effects)) AS effect
    FROM activities
    WHERE position(effects, '"spanned"') > 0
)
WHERE effect != '';
