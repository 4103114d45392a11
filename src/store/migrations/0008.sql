-- How a run was asked for, and where it took place. `parent` and `root` are ids: the row of either may be gone; a run without a
-- parent has neither. `tags` and `config` are JSON. `steps` is postcard: the steps of the plan in ranges, those that cannot run as well.
-- `cancel` is when the run was asked to stop.
ALTER TABLE run ADD COLUMN verb TEXT NOT NULL DEFAULT 'materialize';
ALTER TABLE run ADD COLUMN parent BLOB;
ALTER TABLE run ADD COLUMN root BLOB;
ALTER TABLE run ADD COLUMN job TEXT;
ALTER TABLE run ADD COLUMN run_key TEXT;
ALTER TABLE run ADD COLUMN scope TEXT;
ALTER TABLE run ADD COLUMN environment TEXT;
ALTER TABLE run ADD COLUMN declared_in TEXT NOT NULL DEFAULT 'file';
ALTER TABLE run ADD COLUMN host TEXT;
ALTER TABLE run ADD COLUMN user TEXT;
ALTER TABLE run ADD COLUMN tool_version TEXT;
ALTER TABLE run ADD COLUMN git_commit TEXT;
ALTER TABLE run ADD COLUMN cancel INTEGER;
ALTER TABLE run ADD COLUMN tags TEXT;
ALTER TABLE run ADD COLUMN config TEXT;
ALTER TABLE run ADD COLUMN steps BLOB;

UPDATE run SET verb = 'accept' WHERE number IN (SELECT run FROM materialization WHERE origin = 1);
-- When a run was found dead is not when it ended.
UPDATE run SET ended = NULL WHERE status = 'crashed';

CREATE INDEX run_of_job ON run (job) WHERE job IS NOT NULL;
CREATE INDEX run_of_root ON run (root) WHERE root IS NOT NULL;
CREATE INDEX run_of_key ON run (run_key) WHERE run_key IS NOT NULL;

-- Each tag of a run. `value` is JSON.
CREATE TABLE run_tag (
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (key, value, run)
) STRICT, WITHOUT ROWID;

-- The run that holds a key. It stays where the run's row goes, so it names the run by its id.
CREATE TABLE run_key (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    run BLOB NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX started_partition ON event (partition, run) WHERE kind = 'step_started' AND partition IS NOT NULL;
