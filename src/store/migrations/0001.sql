-- Names are interned once: rows hold numbers.
CREATE TABLE asset (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE partition_key (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
) STRICT;

-- `number` is what other rows hold; `id` is the run's UUIDv7. Times are microseconds since 1970 (UTC).
CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    status TEXT NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER,
    pid INTEGER,
    selection TEXT NOT NULL,
    partitions TEXT NOT NULL,
    manifest BLOB NOT NULL,
    materialized INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    fresh INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    blocked INTEGER NOT NULL DEFAULT 0,
    canceled INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX run_started ON run (number) WHERE status = 'started';

-- The state that judging reads: one asset's windows in order of time are one range of rows.
CREATE TABLE current (
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    materialization_id INTEGER,
    rule INTEGER,
    time INTEGER,
    duration_ms INTEGER,
    fingerprint BLOB,
    code_version BLOB,
    outputs BLOB,
    PRIMARY KEY (asset_id, partition_id)
) STRICT, WITHOUT ROWID;

-- Append-only. `outputs` and `inputs` are postcard; `partition` is the key as text.
CREATE TABLE materialization (
    id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    time INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    rule INTEGER NOT NULL,
    outcome INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    code_version BLOB NOT NULL,
    data_version BLOB NOT NULL,
    partition TEXT,
    outputs BLOB NOT NULL,
    inputs BLOB NOT NULL
) STRICT;

CREATE INDEX materialization_of_asset ON materialization (asset_id);

-- Postcard, each stored once.
CREATE TABLE code_record (
    version BLOB NOT NULL UNIQUE,
    record BLOB NOT NULL
) STRICT;

CREATE TABLE block (
    digest BLOB NOT NULL UNIQUE,
    entries BLOB NOT NULL
) STRICT;

-- `payload` is JSON.
CREATE TABLE event (
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    time INTEGER NOT NULL,
    kind TEXT NOT NULL,
    asset_id INTEGER,
    partition TEXT,
    payload TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE observation (
    id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    time INTEGER NOT NULL,
    version BLOB NOT NULL,
    partition TEXT,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE current_observation (
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    observation_id INTEGER NOT NULL,
    PRIMARY KEY (asset_id, partition_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    since INTEGER NOT NULL,
    partition TEXT,
    PRIMARY KEY (asset_id, partition_id)
) STRICT, WITHOUT ROWID;
