-- A million rows are read at once, and each column costs: what is known of the last materialization becomes one.
-- Numbers are big-endian: its id (8 bytes), rule (4), time (8) and duration (8), then fingerprint and code version (16
-- each) and the versions of its outputs (16 each). It is null where there was no materialization.
CREATE TABLE packed_current (
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    materialized BLOB,
    PRIMARY KEY (asset_id, partition_id)
) STRICT, WITHOUT ROWID;

INSERT INTO packed_current (asset_id, partition_id, attempt, materialized)
SELECT asset_id, partition_id, attempt, CASE WHEN materialization_id IS NOT NULL THEN unhex(
    format('%016x%08x%016x%016x', materialization_id, rule, time, duration_ms)
    || hex(fingerprint) || hex(code_version) || hex(outputs)
) END
FROM current;

DROP TABLE current;

ALTER TABLE packed_current RENAME TO current;
