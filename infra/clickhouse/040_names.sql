-- Names that people know, beside the keys: as they are declared, as the key holds them, or as the log calls them. Read out of
-- the JSON, of rows that were stored before they had names as "". Nothing is joined by them. Each history comes first: a view
-- copies all columns into it.
ALTER TABLE findings_history
    ADD COLUMN IF NOT EXISTS identity_name String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'name')
        COMMENT 'what people call the identity; never joined on' AFTER identity,
    ADD COLUMN IF NOT EXISTS credential_name String DEFAULT JSONExtractString(ocsf, 'unmapped', 'credential_name')
        COMMENT 'what people call the credential; never joined on' AFTER credential;

ALTER TABLE findings
    ADD COLUMN IF NOT EXISTS identity_name String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'name')
        COMMENT 'what people call the identity; never joined on' AFTER identity,
    ADD COLUMN IF NOT EXISTS credential_name String DEFAULT JSONExtractString(ocsf, 'unmapped', 'credential_name')
        COMMENT 'what people call the credential; never joined on' AFTER credential;

ALTER TABLE assurance_history
    ADD COLUMN IF NOT EXISTS identity_name String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'name')
        COMMENT 'what people call the identity; never joined on' AFTER identity,
    ADD COLUMN IF NOT EXISTS credential_name String DEFAULT JSONExtractString(ocsf, 'unmapped', 'credential_name')
        COMMENT 'what people call the credential; never joined on' AFTER credential;

ALTER TABLE assurance
    ADD COLUMN IF NOT EXISTS identity_name String DEFAULT JSONExtractString(ocsf, 'resources', 1, 'name')
        COMMENT 'what people call the identity; never joined on' AFTER identity,
    ADD COLUMN IF NOT EXISTS credential_name String DEFAULT JSONExtractString(ocsf, 'unmapped', 'credential_name')
        COMMENT 'what people call the credential; never joined on' AFTER credential;

CREATE OR REPLACE VIEW findings_current AS SELECT * FROM findings FINAL;

CREATE OR REPLACE VIEW assurance_current AS SELECT * FROM assurance FINAL;
