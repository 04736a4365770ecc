-- Loads over several connections. Meanwhile the months of an empty partitioned table hang on a table aside, where
-- connections of their own fill and index them and commit, unseen by whoever reads the table; the load's transaction puts
-- them back. What a load that was killed left aside counts for nothing.
CREATE TABLE IF NOT EXISTS tables_aside (
    name text COLLATE "C" PRIMARY KEY,
    relation text COLLATE "C" NOT NULL
);

INSERT INTO shape_tables (name) VALUES ('tables_aside') ON CONFLICT DO NOTHING;

-- The months that hang on a table, and what holds for the ids of their rows.
CREATE OR REPLACE FUNCTION cartwright_months(parent text) RETURNS TABLE (name text, bounds text, condition text) LANGUAGE sql AS $$
    SELECT relname::text, pg_get_expr(relpartbound, pg_class.oid), pg_get_partition_constraintdef(pg_class.oid)
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = to_regclass(quote_ident(parent)) AND relkind = 'r'
        AND pg_get_expr(relpartbound, pg_class.oid) <> 'DEFAULT' ORDER BY 1
$$;

-- Puts the months of the tables without keys (see cartwright_defer) aside. A table with triggers stays: they are to see
-- its rows. So does one with columns of others, which may have defaults, one of another owner, who could not put back what
-- is ours, one whose partition for other times was taken away, and one without months. So do all tables where a change
-- feed may follow, which would not know what the rows aside belong to.
CREATE OR REPLACE FUNCTION cartwright_set_aside() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    aside text;
    month record;
BEGIN
    FOR parent IN SELECT d.name FROM deferred_tables d JOIN pg_class ON pg_class.oid = to_regclass(quote_ident(d.name))
        WHERE relkind = 'p' AND current_setting('wal_level') <> 'logical' AND pg_get_userbyid(relowner) = current_user
            AND to_regclass(quote_ident(d.name || '_other')) IS NOT NULL
            AND EXISTS (SELECT FROM cartwright_months(d.name))
            AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal)
            AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0 AND (attisdropped
                OR atthasdef AND attname <> 'rowid' OR attidentity <> '' OR NOT EXISTS (SELECT FROM schema_shape s WHERE s.kind = 'column' AND s.relation = d.name
                    AND s.name = attname))) LOOP
        aside := format('%s_aside_%s', parent, txid_current());
        EXECUTE format('CREATE TABLE %I (LIKE %I) PARTITION BY RANGE (id)', aside, parent);
        FOR month IN SELECT * FROM cartwright_months(parent) LOOP
            EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, month.name);
            EXECUTE format('ALTER TABLE %I ADD CONSTRAINT cartwright_bounds CHECK (%s)', month.name, month.condition);
            EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I %s', aside, month.name, month.bounds);
        END LOOP;
        EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT', aside || '_other', aside);
        INSERT INTO tables_aside VALUES (aside, parent);
    END LOOP;
END
$$;

-- Gives a month aside the keys and indexes of its table, which takes them over when it gets its own. A month that
-- someone reads all by itself for long (longer than the server takes to end an autovacuum for us) gets them then.
CREATE OR REPLACE FUNCTION cartwright_index_month(month text, parent text) RETURNS void LANGUAGE plpgsql
SET lock_timeout = '2s' AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT * FROM schema_shape s WHERE s.relation = parent AND s.kind IN ('index', 'key') ORDER BY s.name LOOP
        EXECUTE CASE WHEN part.kind = 'key' THEN format('ALTER TABLE %I ADD %s', month, part.definition)
            ELSE format('CREATE %s ON %I%s', CASE WHEN part.definition LIKE 'CREATE UNIQUE %' THEN 'UNIQUE INDEX'
                ELSE 'INDEX' END, month, substr(part.definition, strpos(part.definition, ' USING '))) END;
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    NULL;
END
$$;

-- Puts a month back. A row that someone else added meanwhile is in the partition for other times, and belongs to its month.
CREATE OR REPLACE FUNCTION cartwright_put_month_back(aside text, parent text, month text, bounds text, condition text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', aside, month);
    EXECUTE format('WITH late AS (DELETE FROM %I WHERE %s RETURNING *) INSERT INTO %I SELECT * FROM late',
        parent || '_other', condition, month);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I %s', parent, month, bounds);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT cartwright_bounds', month);
END
$$;

-- Puts the months back, with their rows or, after a load that was killed, without. In the second case others may have
-- changed the table or dropped what is aside: a month that does not fit any more goes, and is made anew when it is wanted.
CREATE OR REPLACE FUNCTION cartwright_put_back(with_rows boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    aside record;
    month record;
BEGIN
    FOR aside IN SELECT * FROM tables_aside WHERE to_regclass(quote_ident(name)) IS NOT NULL LOOP
        FOR month IN SELECT * FROM cartwright_months(aside.name) LOOP
            IF with_rows THEN
                PERFORM cartwright_put_month_back(aside.name, aside.relation, month.name, month.bounds, month.condition);
                CONTINUE;
            END IF;
            BEGIN
                EXECUTE format('TRUNCATE %I', month.name);
                PERFORM cartwright_put_month_back(aside.name, aside.relation, month.name, month.bounds, month.condition);
            EXCEPTION WHEN syntax_error_or_access_rule_violation OR integrity_constraint_violation THEN
                EXECUTE format('DROP TABLE %I', month.name);
            END;
        END LOOP;
        IF with_rows THEN
            EXECUTE format('INSERT INTO %I SELECT * FROM %I', aside.relation, aside.name);
        END IF;
        EXECUTE format('DROP TABLE %I', aside.name);
    END LOOP;
    DELETE FROM tables_aside;
END
$$;

-- Notes the tables of the shop (those that count their rows) that are empty, apart from those whose rows are looked up
-- one by one while they are loaded.
CREATE OR REPLACE FUNCTION cartwright_mark_empty() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    relation text;
BEGIN
    FOR relation IN SELECT s.relation FROM schema_shape s WHERE s.kind = 'column' AND s.name = 'rowid'
        AND s.relation NOT IN ('categories', 'fulfilment_centres', 'stock') LOOP
        EXECUTE format('INSERT INTO deferred_tables SELECT %L WHERE NOT EXISTS (SELECT FROM %I) ON CONFLICT DO NOTHING',
            relation, relation);
    END LOOP;
END
$$;

-- Takes keys and indexes away from the tables that were noted and are empty, now that nobody else writes to them, and
-- returns those tables.
CREATE OR REPLACE FUNCTION cartwright_defer() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    empty_tables text[];
    relation text;
    part record;
BEGIN
    FOR relation IN SELECT name FROM deferred_tables LOOP
        EXECUTE format('DELETE FROM deferred_tables WHERE name = %L AND EXISTS (SELECT FROM %I)', relation, relation);
    END LOOP;
    SELECT array_agg(name) INTO empty_tables FROM deferred_tables;
    FOR part IN SELECT s.relation, s.name FROM schema_shape s WHERE kind IN ('foreign key', 'key')
        AND (s.relation = ANY (empty_tables) OR s.target = ANY (empty_tables)) ORDER BY step DESC LOOP
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT IF EXISTS %I', part.relation, part.name);
    END LOOP;
    FOR part IN SELECT s.name FROM schema_shape s WHERE kind = 'index' AND s.relation = ANY (empty_tables) LOOP
        EXECUTE format('DROP INDEX IF EXISTS %I', part.name);
    END LOOP;
    RETURN empty_tables;
END
$$;

-- Makes the indexes that are missing of tables that are not aside, which readers need not wait for.
CREATE OR REPLACE FUNCTION cartwright_build_indexes() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT s.* FROM schema_shape s LEFT JOIN cartwright_shape c USING (kind, relation, name)
        WHERE s.kind = 'index' AND c.name IS NULL AND NOT EXISTS (SELECT FROM tables_aside a WHERE a.relation = s.relation)
        ORDER BY s.relation, s.name LOOP
        EXECUTE part.definition;
    END LOOP;
END
$$;

-- Makes the keys and indexes that are missing: first what readers need not wait for, last what ties tables together.
CREATE OR REPLACE FUNCTION cartwright_build() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    part record;
BEGIN
    PERFORM cartwright_put_back(false);
    PERFORM cartwright_build_indexes();
    FOR part IN SELECT s.* FROM schema_shape s LEFT JOIN cartwright_shape c USING (kind, relation, name)
        WHERE s.kind IN ('key', 'foreign key') AND c.name IS NULL ORDER BY s.step, s.relation, s.name LOOP
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I %s', part.relation, part.name, part.definition);
    END LOOP;
    DELETE FROM deferred_tables;
END
$$;
