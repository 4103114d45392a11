-- Failed attempts, so that the last one is found whatever stands recorded. `tail` is postcard: the last lines of the log.
CREATE TABLE failed_attempt (
    id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    run INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    time INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    exit INTEGER,
    signal TEXT,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    help TEXT,
    command TEXT NOT NULL,
    log TEXT,
    partition TEXT,
    tail BLOB NOT NULL
) STRICT;

CREATE INDEX failed_attempt_of_asset ON failed_attempt (asset_id, partition_id);

-- What a data version of a source stands for: names and versions of files, or a value, as postcard. For recent versions
-- only: a source has few rows, of which the oldest go.
CREATE TABLE source_content (
    id INTEGER PRIMARY KEY,
    version BLOB NOT NULL UNIQUE,
    asset_id INTEGER NOT NULL,
    partition_id INTEGER NOT NULL,
    content BLOB NOT NULL
) STRICT;

CREATE INDEX source_content_of_asset ON source_content (asset_id, partition_id);

-- Of which folder the instance is: what was copied here from elsewhere does not count. `token` is random and stays;
-- `folder` names the folder by what no copy of it has; `vouched` is a digest of the token under the secret of the user who
-- wrote last.
CREATE TABLE origin (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    token BLOB NOT NULL,
    folder TEXT NOT NULL,
    vouched BLOB
) STRICT;
