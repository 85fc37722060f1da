-- +goose Up

-- Every time in a table is INTEGER unix milliseconds, given by the server. Views show ISO 8601 in UTC, to the
-- second. Constraints are named after the law they hold (internal/chat/doc.go).

-- 0x43484d45, "CHME": tells chatme's databases from others. https://sqlite.org/pragma.html#pragma_application_id
PRAGMA application_id = 1128811845;

CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY CHECK (id > 0), -- boot << 32 | counter: rising, never used twice
    hash       BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the session ID; random for an old client
    resumable  INTEGER NOT NULL CHECK (resumable IN (0, 1)), -- 0: an old client, which cannot come back
    created_at INTEGER NOT NULL CHECK (created_at > 0), -- unix ms
    away_since INTEGER CHECK (away_since > 0), -- unix ms; NULL: a socket is attached
    ended_at   INTEGER CHECK (ended_at > 0), -- unix ms; NULL: not ended by its owner

    place      INTEGER CHECK (place > 0), -- order in the queue: boot << 32 | counter; NULL: not waiting
    queued_at  INTEGER CHECK (queued_at > 0), -- unix ms; NULL: not waiting

    pair       INTEGER CHECK (pair > 0), -- number of the chat: boot << 32 | counter; NULL: not paired
    side       INTEGER CHECK (side IN (0, 1)), -- which of the two
    alias      TEXT    CHECK (length(alias) = 36 AND alias NOT GLOB '*[^0-9a-f-]*'), -- UUID the partner knows it by
    matched_at INTEGER CHECK (matched_at > 0), -- unix ms; NULL: not paired

    CONSTRAINT L1_one_state    CHECK (place IS NULL OR pair IS NULL),
    CONSTRAINT L1_whole_place  CHECK ((place IS NULL) = (queued_at IS NULL)),
    CONSTRAINT L1_whole_pair   CHECK ((pair IS NULL) = (side IS NULL)
                                  AND (pair IS NULL) = (alias IS NULL)
                                  AND (pair IS NULL) = (matched_at IS NULL)),
    CONSTRAINT L1_ended_idle   CHECK (ended_at IS NULL OR (place IS NULL AND pair IS NULL))
) STRICT;

-- L2: a pair has at most two members, one a side; that it has both is checked when it is loaded. (A deferred foreign
-- key from each member to the other would check it here, and doubles what a match writes: SQLite then rewrites every
-- index of a row that is updated. A unique index on alias would double it too, for what is random anyway.)
CREATE UNIQUE INDEX sessions_pair ON sessions (pair, side) WHERE pair IS NOT NULL;

-- L3: two sessions never share a place. Partial, so that it is as long as the queue.
CREATE UNIQUE INDEX sessions_place ON sessions (place) WHERE place IS NOT NULL;

-- The sessions that expire by time away, oldest first.
CREATE INDEX sessions_idle ON sessions (away_since)
    WHERE away_since IS NOT NULL AND place IS NULL AND pair IS NULL;

CREATE TABLE boots (
    boot        INTEGER PRIMARY KEY CHECK (boot > 0 AND boot < 2147483648), -- upper half of every number given
    started_at  INTEGER NOT NULL CHECK (started_at > 0), -- unix ms
    stopped_at  INTEGER CHECK (stopped_at > 0), -- unix ms; NULL: still running, or killed
    reason      TEXT CHECK (length(reason) <= 200), -- why it stopped
    version     TEXT NOT NULL CHECK (length(version) <= 200), -- of the program
    commit_hash TEXT NOT NULL CHECK (length(commit_hash) <= 200), -- of its source
    schema      INTEGER NOT NULL CHECK (schema > 0), -- number of the last migration
    epoch       TEXT NOT NULL CHECK (length(epoch) = 32 AND epoch NOT GLOB '*[^0-9a-f]*'), -- which life of the database

    CONSTRAINT whole_stop CHECK ((stopped_at IS NULL) = (reason IS NULL))
) STRICT;

-- One row a session, newest first. here says connected or away; after a kill it is right from the next start on.
CREATE VIEW v_sessions AS
SELECT 's_' || lower(substr(hex(hash), 1, 8)) AS session,
       CASE WHEN ended_at IS NOT NULL THEN 'ended'
            WHEN place IS NOT NULL THEN 'waiting'
            WHEN pair IS NOT NULL THEN 'paired'
            ELSE 'idle' END AS state,
       CASE resumable WHEN 1 THEN 'resumable' ELSE 'old' END AS kind,
       strftime('%Y-%m-%dT%H:%M:%SZ', created_at / 1000, 'unixepoch') AS created,
       CASE WHEN away_since IS NULL THEN 'connected' ELSE 'away' END AS here,
       strftime('%Y-%m-%dT%H:%M:%SZ', away_since / 1000, 'unixepoch') AS away_since,
       strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(ended_at, queued_at, matched_at) / 1000, 'unixepoch') AS state_since
FROM sessions
ORDER BY id DESC;

-- The queue, first come first served. Somebody away keeps the place but is not matched until back.
CREATE VIEW v_queue AS
SELECT row_number() OVER (ORDER BY place) AS position,
       's_' || lower(substr(hex(hash), 1, 8)) AS session,
       CASE resumable WHEN 1 THEN 'resumable' ELSE 'old' END AS kind,
       strftime('%Y-%m-%dT%H:%M:%SZ', queued_at / 1000, 'unixepoch') AS since,
       max(0, unixepoch() - queued_at / 1000) AS waiting_s, -- seconds
       CASE WHEN away_since IS NULL THEN 'here' ELSE 'away' END AS here
FROM sessions
WHERE place IS NOT NULL
ORDER BY place;

-- One row a chat, oldest first. away names who is away: empty, one of the two, or both.
CREATE VIEW v_pairs AS
SELECT (a.pair >> 32) || '-' || (a.pair & 4294967295) AS pair, -- boot-number
       's_' || lower(substr(hex(a.hash), 1, 8)) AS first,
       's_' || lower(substr(hex(b.hash), 1, 8)) AS second,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.matched_at / 1000, 'unixepoch') AS since,
       CASE WHEN a.away_since IS NULL AND b.away_since IS NULL THEN ''
            WHEN b.away_since IS NULL THEN 'first'
            WHEN a.away_since IS NULL THEN 'second'
            ELSE 'both' END AS away
FROM sessions AS a
LEFT JOIN sessions AS b ON b.pair = a.pair AND b.side = 1
WHERE a.side = 0 AND a.pair IS NOT NULL
ORDER BY a.pair;

-- One row a start of the server, newest first.
CREATE VIEW v_boots AS
SELECT boot,
       strftime('%Y-%m-%dT%H:%M:%SZ', started_at / 1000, 'unixepoch') AS started,
       strftime('%Y-%m-%dT%H:%M:%SZ', stopped_at / 1000, 'unixepoch') AS stopped,
       CASE WHEN stopped_at IS NOT NULL THEN reason
            WHEN boot = (SELECT max(boot) FROM boots) THEN 'running, or killed'
            ELSE 'killed' END AS reason,
       version, commit_hash, schema, epoch
FROM boots
ORDER BY boot DESC;
