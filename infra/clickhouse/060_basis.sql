-- What a finding rests on: the version of the control, the thresholds where they are not the defaults, and a digest of
-- the facts, so that it can be derived again and held against what was said (`gapwatch explain UID --rederive`). Read out of
-- the JSON, as all columns are. Each history comes first: a view copies all columns into it.
ALTER TABLE findings_history
    ADD COLUMN IF NOT EXISTS control_version LowCardinality(String)
        DEFAULT JSONExtractString(ocsf, 'finding_info', 'analytic', 'version')
        COMMENT 'the version of the control that judged' AFTER control,
    ADD COLUMN IF NOT EXISTS facts String DEFAULT JSONExtractString(ocsf, 'unmapped', 'basis', 'facts')
        COMMENT 'SHA-256 of the facts that it rests on; empty in rows of earlier versions' AFTER evidence,
    ADD COLUMN IF NOT EXISTS thresholds Map(LowCardinality(String), Int64)
        DEFAULT JSONExtract(ocsf, 'unmapped', 'basis', 'thresholds', 'Map(String, Int64)')
        COMMENT 'by which it was judged, where they are not the defaults' AFTER facts;

ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS control_version LowCardinality(String)
        DEFAULT JSONExtractString(ocsf, 'finding_info', 'analytic', 'version')
        COMMENT 'the version of the control that judged' AFTER control,
    ADD COLUMN IF NOT EXISTS facts String DEFAULT JSONExtractString(ocsf, 'unmapped', 'basis', 'facts')
        COMMENT 'SHA-256 of the facts that it rests on; empty in rows of earlier versions' AFTER evidence,
    ADD COLUMN IF NOT EXISTS thresholds Map(LowCardinality(String), Int64)
        DEFAULT JSONExtract(ocsf, 'unmapped', 'basis', 'thresholds', 'Map(String, Int64)')
        COMMENT 'by which it was judged, where they are not the defaults' AFTER facts;

ALTER TABLE assurance_history
    ADD COLUMN IF NOT EXISTS control_version LowCardinality(String)
        DEFAULT JSONExtractString(ocsf, 'finding_info', 'analytic', 'version')
        COMMENT 'the version of the control that judged' AFTER control,
    ADD COLUMN IF NOT EXISTS facts String DEFAULT JSONExtractString(ocsf, 'unmapped', 'basis', 'facts')
        COMMENT 'SHA-256 of the facts that it rests on; empty in rows of earlier versions' AFTER evidence,
    ADD COLUMN IF NOT EXISTS thresholds Map(LowCardinality(String), Int64)
        DEFAULT JSONExtract(ocsf, 'unmapped', 'basis', 'thresholds', 'Map(String, Int64)')
        COMMENT 'by which it was judged, where they are not the defaults' AFTER facts;

ALTER TABLE assurance
    ADD COLUMN IF NOT EXISTS control_version LowCardinality(String)
        DEFAULT JSONExtractString(ocsf, 'finding_info', 'analytic', 'version')
        COMMENT 'the version of the control that judged' AFTER control,
    ADD COLUMN IF NOT EXISTS facts String DEFAULT JSONExtractString(ocsf, 'unmapped', 'basis', 'facts')
        COMMENT 'SHA-256 of the facts that it rests on; empty in rows of earlier versions' AFTER evidence,
    ADD COLUMN IF NOT EXISTS thresholds Map(LowCardinality(String), Int64)
        DEFAULT JSONExtract(ocsf, 'unmapped', 'basis', 'thresholds', 'Map(String, Int64)')
        COMMENT 'by which it was judged, where they are not the defaults' AFTER facts;

CREATE OR REPLACE VIEW findings_current AS SELECT * FROM findings FINAL;

CREATE OR REPLACE VIEW assurance_current AS SELECT * FROM assurance FINAL;
