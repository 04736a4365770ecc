-- Months for whatever a run writes, also where rows came before them; settings for the partitions of other times; and what
-- else of the shape is relied on.

-- A partition's limits and what autovacuum is told of it: its rows come by loads, and its statistics are to follow.
CREATE OR REPLACE FUNCTION cartwright_make_month(parent text, month date, is_taken boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := parent || to_char(month, '_YYYY_MM');
    low uuid := cartwright_lowest_id(month);
    high uuid := cartwright_lowest_id((month + interval '1 month')::date);
    settings text := 'autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1';
BEGIN
    IF NOT is_taken THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L) WITH (%s)', name, parent, low, high,
            settings);
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE) WITH (%s)', name,
        parent, settings);
    EXECUTE format('WITH early AS (DELETE FROM %I WHERE id >= %L AND id < %L RETURNING *) INSERT INTO %I SELECT * FROM early',
        parent || '_other', low, high, name);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name, low, high);
END
$$;

-- Whether rows can move from the partition for other times without anybody noticing: no key of another table refers to
-- them, no trigger sees them go, no change feed follows, and every column takes what it held.
CREATE OR REPLACE FUNCTION cartwright_can_move(parent text) RETURNS boolean LANGUAGE sql AS $$
    SELECT current_setting('wal_level') <> 'logical' AND pg_get_userbyid(relowner) = current_user
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND confrelid = pg_class.oid)
        AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = pg_class.oid AND NOT tgisinternal)
        AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum > 0
            AND (attgenerated <> '' OR attidentity <> ''))
    FROM pg_class WHERE oid = to_regclass(quote_ident(parent))
$$;

-- A table of its own for each month that a run writes into; ids below 48 bits of milliseconds are its limits. Rows of a
-- month that came before it (opening stock, someone's own) move into it, or keep it from being made where they can't.
-- Returns how many partitions were made.
CREATE OR REPLACE FUNCTION cartwright_make_partitions(first date, last date) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    parent text;
    month date;
    made integer := 0;
    is_taken boolean;
BEGIN
    FOREACH parent IN ARRAY ARRAY['orders', 'order_items', 'order_status_history', 'payments', 'shipments',
                                  'stock_movements'] LOOP
        month := date_trunc('month', first);
        WHILE month <= last LOOP
            IF to_regclass(quote_ident(parent || to_char(month, '_YYYY_MM'))) IS NULL THEN
                EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id >= %L AND id < %L)', parent || '_other',
                    cartwright_lowest_id(month), cartwright_lowest_id((month + interval '1 month')::date)) INTO is_taken;
                IF is_taken AND cartwright_can_move(parent) THEN
                    EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', parent || '_other');
                END IF;
                IF NOT is_taken OR cartwright_can_move(parent) THEN
                    PERFORM cartwright_make_month(parent, month, is_taken);
                    made := made + 1;
                END IF;
            END IF;
            month := month + interval '1 month';
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

ALTER TABLE orders_other SET (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE order_items_other SET (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE order_status_history_other SET (autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE payments_other SET (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE shipments_other SET (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE stock_movements_other SET (autovacuum_analyze_scale_factor = 0.02,
    autovacuum_vacuum_insert_scale_factor = 0.1);
-- A few rows that every write changes: a share of them says nothing.
ALTER TABLE counters SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

-- The shape also has how columns are ordered, whether policies or disabled keys keep rows from being seen or checked, and
-- how functions are run.
CREATE OR REPLACE VIEW cartwright_shape AS
WITH ours AS (
    SELECT oid, relname::text AS name, relrowsecurity FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND relkind IN ('r', 'p')
        AND relname IN (SELECT name FROM shape_tables)
)
SELECT 1 AS step, 'column' AS kind, ours.name AS relation, attname::text AS name, NULL AS target,
    format_type(atttypid, atttypmod) || coalesce(' collate ' || (SELECT collname::text FROM pg_collation
        WHERE pg_collation.oid = attcollation AND attcollation <> (SELECT typcollation FROM pg_type
            WHERE pg_type.oid = atttypid)) COLLATE "default", '') || CASE WHEN attnotnull THEN ' not null' ELSE '' END ||
    CASE attidentity WHEN 'a' THEN ' generated always' WHEN 'd' THEN ' generated by default' ELSE '' END ||
    coalesce(' default ' || pg_get_expr(adbin, adrelid) COLLATE "default", '') AS definition
FROM ours JOIN pg_attribute ON attrelid = ours.oid LEFT JOIN pg_attrdef ON adrelid = ours.oid AND adnum = attnum
WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT 1, 'table', ours.name, '', NULL, 'row security ' || CASE WHEN relrowsecurity THEN 'on' ELSE 'off' END ||
    CASE WHEN EXISTS (SELECT FROM pg_trigger WHERE tgisinternal AND tgenabled = 'D' AND (tgrelid = ours.oid
            OR tgrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = ours.oid)))
        THEN ', keys disabled' ELSE '' END
FROM ours
UNION ALL
SELECT CASE contype WHEN 'c' THEN 2 WHEN 'f' THEN 5 ELSE 4 END,
    CASE contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' ELSE 'key' END, ours.name, conname::text,
    (SELECT relname::text FROM pg_class WHERE oid = confrelid), pg_get_constraintdef(pg_constraint.oid)
FROM ours JOIN pg_constraint ON conrelid = ours.oid WHERE conparentid = 0 AND contype IN ('c', 'f', 'p', 'u')
UNION ALL
SELECT 3, 'index', ours.name, pg_class.relname::text, NULL,
    replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ')
FROM ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class ON pg_class.oid = indexrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = indrelid)
UNION ALL
SELECT 6, 'function', '', proname || '(' || pg_get_function_identity_arguments(pg_proc.oid) || ')', NULL,
    format('%s returning %s%s, %s%s, body %s', lanname::text COLLATE "default", pg_get_function_result(pg_proc.oid),
        CASE WHEN prosecdef THEN ' as its owner' ELSE '' END,
        CASE provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
        coalesce(' set ' || array_to_string(proconfig, ', ') COLLATE "default", ''), md5(prosrc))
FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND proname LIKE 'cartwright\_%';
