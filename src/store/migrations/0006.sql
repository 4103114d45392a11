-- Each change of current state, numbered in the order of commits. Triggers write it, so no writer can leave it out. The newest
-- row is always kept, so that no number is given twice. `nonce` is random: it tells apart the histories of a file and of a
-- copy of it that was put back in its place. `definition` is that of a dynamic key, else null.
CREATE TABLE change (
    number INTEGER PRIMARY KEY,
    asset_id INTEGER,
    partition_id INTEGER,
    definition TEXT,
    nonce INTEGER NOT NULL
) STRICT;

CREATE TRIGGER current_inserted AFTER INSERT ON current BEGIN
    INSERT INTO change (asset_id, partition_id, nonce) VALUES (new.asset_id, new.partition_id, random());
END;

CREATE TRIGGER current_updated AFTER UPDATE ON current BEGIN
    INSERT INTO change (asset_id, partition_id, nonce) VALUES (new.asset_id, new.partition_id, random());
END;

CREATE TRIGGER current_deleted AFTER DELETE ON current BEGIN
    INSERT INTO change (asset_id, partition_id, nonce) VALUES (old.asset_id, old.partition_id, random());
END;

CREATE TRIGGER current_observation_inserted AFTER INSERT ON current_observation BEGIN
    INSERT INTO change (asset_id, partition_id, nonce) VALUES (new.asset_id, new.partition_id, random());
END;

CREATE TRIGGER current_observation_updated AFTER UPDATE ON current_observation BEGIN
    INSERT INTO change (asset_id, partition_id, nonce) VALUES (new.asset_id, new.partition_id, random());
END;

CREATE TRIGGER current_observation_deleted AFTER DELETE ON current_observation BEGIN
    INSERT INTO change (asset_id, partition_id, nonce) VALUES (old.asset_id, old.partition_id, random());
END;

CREATE TRIGGER dynamic_key_inserted AFTER INSERT ON dynamic_key BEGIN
    INSERT INTO change (definition, nonce) VALUES (new.definition, random());
END;

CREATE TRIGGER dynamic_key_updated AFTER UPDATE ON dynamic_key BEGIN
    INSERT INTO change (definition, nonce) VALUES (old.definition, random()), (new.definition, random());
END;

CREATE TRIGGER dynamic_key_deleted AFTER DELETE ON dynamic_key BEGIN
    INSERT INTO change (definition, nonce) VALUES (old.definition, random());
END;
