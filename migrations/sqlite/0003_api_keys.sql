-- Keys that requests over HTTP carry. digest is the SHA-256 of the key, which itself is never kept. scopes are bits: 1
-- read, 2 generate, 4 admin, 8 personal-data. rate is in requests a minute; null leaves it to the server. Rows are kept
-- after a key was revoked or has expired.
CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    scopes INTEGER NOT NULL CHECK (scopes BETWEEN 1 AND 15),
    rate INTEGER CHECK (rate > 0),
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    used_at INTEGER
) STRICT;
