-- What commands took besides time, where it is known. From now on every event is stored, and `payload` is its whole JSON line.
ALTER TABLE materialization ADD COLUMN cpu_ms INTEGER;
ALTER TABLE materialization ADD COLUMN peak_bytes INTEGER;
ALTER TABLE failed_attempt ADD COLUMN cpu_ms INTEGER;
ALTER TABLE failed_attempt ADD COLUMN peak_bytes INTEGER;

CREATE INDEX event_of_asset ON event (asset_id, run) WHERE asset_id IS NOT NULL;
