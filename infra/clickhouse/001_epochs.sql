-- Which run of which broker a row came from. A row's version is epoch << 40 | topic offset: offsets start again at 0
-- whenever a broker starts empty, so the epoch rises by one then and later rows stay later.
-- 40 bits of offset: a partition that takes 100,000 messages a second fills them in four months, and one message holds
-- many rows; 24 bits of epoch: sixteen million restarts.
CREATE TABLE IF NOT EXISTS epochs
(
    epoch   UInt64,
    broker  String,
    started DateTime64(3, 'UTC') DEFAULT now64(3)
)
-- Two processes that meet a new broker at once write the same epoch for it: one row stays.
ENGINE = ReplacingMergeTree
ORDER BY (epoch, broker);
