-- Long work that was accepted, in the order in which it was. Any server that shares the database may run a job: it
-- takes it FOR UPDATE SKIP LOCKED, holds a lease on it until lease_until, and renews that while it lives. request and
-- result are JSON. run is the id of the run that the job makes, all zero for none. The columns of answer are what is
-- answered again to the key of its request until the job is finished.
CREATE TABLE jobs (
    sequence bigint GENERATED ALWAYS AS IDENTITY,
    id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    run uuid NOT NULL,
    request text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    cancel_requested boolean NOT NULL DEFAULT false,
    lease_owner uuid,
    lease_until timestamptz,
    steps_done bigint NOT NULL DEFAULT 0,
    steps_total bigint NOT NULL DEFAULT 0,
    row_count bigint NOT NULL DEFAULT 0,
    byte_count bigint NOT NULL DEFAULT 0,
    measured_at timestamptz,
    result text COLLATE "C",
    error_code integer NOT NULL DEFAULT 0,
    error_field text COLLATE "C",
    error_message text COLLATE "C",
    answer_key text COLLATE "C",
    answer_request bytea,
    answer_status integer,
    answer_media_type text COLLATE "C",
    answer_headers bytea,
    answer_body bytea,
    CONSTRAINT jobs_sequence PRIMARY KEY (sequence),
    CONSTRAINT jobs_id UNIQUE (id),
    CONSTRAINT jobs_state_check CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    CONSTRAINT jobs_lease_owner_check CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
    CONSTRAINT jobs_lease_until_check CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT jobs_finished_at_check CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

CREATE INDEX jobs_unfinished ON jobs (sequence) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX jobs_answer_key ON jobs (answer_key) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_finished_at ON jobs (finished_at);

INSERT INTO shape_tables (name) VALUES ('jobs');

-- Ends a job in the transaction that adds its rows, so that both are there or neither. Fails when its lease is another's
-- by now: then the rows are another's to add.
CREATE FUNCTION cartwright_end_job(job uuid, owner uuid, done bigint, total bigint, rows_made bigint, bytes bigint,
    made text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE jobs SET state = 'succeeded', version = version + 1, finished_at = clock_timestamp(), lease_owner = NULL,
        lease_until = NULL, steps_done = done, steps_total = total, row_count = rows_made, byte_count = bytes,
        measured_at = clock_timestamp(), result = made
    WHERE id = job AND lease_owner = owner;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lease of job % has been lost', job USING ERRCODE = 'CW002';
    END IF;
END
$$;
