-- Answers to requests that carried an Idempotency-Key, for a day; written in the transaction that adds the rows they
-- answer for. headers are names and values, each ended by a zero byte. Where a job made the rows, the answer is its
-- acceptance, and its result stands beside it.
CREATE TABLE kept_answers (
    key TEXT NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 128),
    request BLOB NOT NULL CHECK (length(request) = 32),
    created_at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    headers BLOB NOT NULL,
    body BLOB NOT NULL,
    job_id BLOB CHECK (length(job_id) = 16),
    job_kind TEXT NOT NULL,
    job_result TEXT,
    job_finished_at INTEGER
) STRICT;

CREATE INDEX kept_answers_created_at ON kept_answers (created_at);
