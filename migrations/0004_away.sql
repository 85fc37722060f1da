-- +goose Up

-- A start rewrites no row. A session that was connected when its server ended, in order or not, is away since the next
-- start began: what is needed for that is in which start its row was written.
ALTER TABLE sessions ADD COLUMN boot INTEGER NOT NULL DEFAULT 0 -- the start that wrote the row last
    CHECK (boot >= 0);

-- Until this step every start wrote away_since of all who had been connected: a row without it is of the last one.
-- (OR FAIL: the transaction puts everything back, so that SQLite need not keep what this one statement has changed.)
UPDATE OR FAIL sessions SET boot = (SELECT coalesce(max(boot), 0) FROM boots) WHERE away_since IS NULL;

-- The sessions that expire by time away and whose server ended while they were connected, by start.
CREATE INDEX sessions_left ON sessions (boot)
    WHERE away_since IS NULL AND place IS NULL AND pair IS NULL;

DROP VIEW v_sessions;
DROP VIEW v_queue;
DROP VIEW v_pairs;
DROP VIEW v_mailbox;

-- What follows differs from the views before in nothing but this: without away_since, a session is away since the start
-- behind the one that wrote its row, if there has been one.

-- One row a session, newest first. here says connected or away; after a kill it is right from the next start on.
CREATE VIEW v_sessions AS
SELECT 's_' || lower(substr(hex(s.hash), 1, 8)) AS session,
       CASE WHEN s.ended_at IS NOT NULL THEN 'ended'
            WHEN s.place IS NOT NULL THEN 'waiting'
            WHEN s.pair IS NOT NULL THEN 'paired'
            ELSE 'idle' END AS state,
       CASE s.resumable WHEN 1 THEN 'resumable' ELSE 'old' END AS kind,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.created_at / 1000, 'unixepoch') AS created,
       CASE WHEN coalesce(s.away_since, (SELECT started_at FROM boots WHERE boots.boot = s.boot + 1)) IS NULL
            THEN 'connected' ELSE 'away' END AS here,
       strftime('%Y-%m-%dT%H:%M:%SZ',
           coalesce(s.away_since, (SELECT started_at FROM boots WHERE boots.boot = s.boot + 1)) / 1000, 'unixepoch') AS away_since,
       strftime('%Y-%m-%dT%H:%M:%SZ', coalesce(s.ended_at, s.queued_at, s.matched_at) / 1000, 'unixepoch') AS state_since
FROM sessions AS s
ORDER BY s.id DESC;

-- The queue, first come first served. A session that is away keeps its place but is not matched until it is back.
CREATE VIEW v_queue AS
SELECT row_number() OVER (ORDER BY s.place) AS position,
       's_' || lower(substr(hex(s.hash), 1, 8)) AS session,
       CASE s.resumable WHEN 1 THEN 'resumable' ELSE 'old' END AS kind,
       strftime('%Y-%m-%dT%H:%M:%SZ', s.queued_at / 1000, 'unixepoch') AS since,
       max(0, unixepoch() - s.queued_at / 1000) AS waiting_s, -- seconds
       CASE WHEN coalesce(s.away_since, (SELECT started_at FROM boots WHERE boots.boot = s.boot + 1)) IS NULL
            THEN 'here' ELSE 'away' END AS here
FROM sessions AS s
WHERE s.place IS NOT NULL
ORDER BY s.place;

-- One row a chat, oldest first. away names who is away: empty, one of the two, or both.
CREATE VIEW v_pairs AS
SELECT (a.pair >> 32) || '-' || (a.pair & 4294967295) AS pair, -- boot-number
       's_' || lower(substr(hex(a.hash), 1, 8)) AS first,
       's_' || lower(substr(hex(b.hash), 1, 8)) AS second,
       strftime('%Y-%m-%dT%H:%M:%SZ', a.matched_at / 1000, 'unixepoch') AS since,
       CASE (coalesce(a.away_since, (SELECT started_at FROM boots WHERE boots.boot = a.boot + 1)) IS NOT NULL)
            + 2 * (coalesce(b.away_since, (SELECT started_at FROM boots WHERE boots.boot = b.boot + 1)) IS NOT NULL)
            WHEN 0 THEN ''
            WHEN 1 THEN 'first'
            WHEN 2 THEN 'second'
            ELSE 'both' END AS away
FROM sessions AS a
LEFT JOIN sessions AS b ON b.pair = a.pair AND b.side = 1
WHERE a.side = 0 AND a.pair IS NOT NULL
ORDER BY a.pair;

-- One row a session that has mail, the latest first: how much and no more. A tail is of a chat that is over.
CREATE VIEW v_mailbox AS
SELECT 's_' || lower(substr(hex(s.hash), 1, 8)) AS session,
       CASE WHEN coalesce(s.away_since, (SELECT started_at FROM boots WHERE boots.boot = s.boot + 1)) IS NULL
            THEN 'connected' ELSE 'away' END AS here,
       count(m.body) AS messages,
       count(*) - count(m.body) AS empty_places,
       coalesce(sum(length(m.body)), 0) AS bytes, -- sealed and padded
       count(*) FILTER (WHERE m.pair IS NOT s.pair) AS in_tail
FROM mailbox AS m
JOIN sessions AS s ON s.id = m.recipient
GROUP BY m.recipient
ORDER BY m.recipient DESC;
