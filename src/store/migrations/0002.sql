-- The keys of dynamic definitions. A key that is added gets a larger `id` than all that are there: in order of `id` they
-- stand in order of addition.
CREATE TABLE dynamic_key (
    id INTEGER PRIMARY KEY,
    definition TEXT NOT NULL,
    key TEXT NOT NULL,
    UNIQUE (definition, key)
) STRICT;
