-- Values of the configuration that differ between the partitions of an asset: postcard, null where there is none.
ALTER TABLE materialization ADD COLUMN config BLOB;
