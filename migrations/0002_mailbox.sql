-- +goose Up

-- What mail for a session is sealed to: an X25519 key derived from the session ID, which is not here. NULL for an
-- old client, which cannot come back for its mail, and for a session from before this step until it resumes.
ALTER TABLE sessions ADD COLUMN mail_key BLOB
    CHECK (length(mail_key) = 32)
    CHECK (mail_key IS NULL OR resumable = 1);

-- One row a place in a mailbox: a message in custody for a session that is away, sealed so that only who has the
-- session ID can read it (internal/seal), or an empty place, whose number is used up and whose body will not come.
-- When it was sent is inside the body. The large bodies are why this is no WITHOUT ROWID table
-- (https://sqlite.org/withoutrowid.html, section 4).
CREATE TABLE mailbox (
    recipient INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    pair      INTEGER NOT NULL, -- number of the chat it was sent in, which may be over
    n         INTEGER NOT NULL, -- number of the message there: 1, 2, 3…
    sender    TEXT    NOT NULL CHECK (length(sender) = 36 AND sender NOT GLOB '*[^0-9a-f-]*'), -- UUID the recipient knows it by
    body      BLOB, -- NULL: an empty place

    -- L8: a body belongs to one chat. In it a number is there once; the index also finds what goes with a session.
    CONSTRAINT L8_in_a_chat CHECK (pair > 0 AND n > 0),
    CONSTRAINT L8_once UNIQUE (recipient, pair, n),
    -- 256 bytes of padded body, the encapsulated key and the tag: nothing shorter was sealed.
    CONSTRAINT sealed_or_empty CHECK (length(body) >= 304)
) STRICT;

-- One row a session that has mail, the latest first: how much and no more. A tail is of a chat that is over.
CREATE VIEW v_mailbox AS
SELECT 's_' || lower(substr(hex(s.hash), 1, 8)) AS session,
       CASE WHEN s.away_since IS NULL THEN 'connected' ELSE 'away' END AS here,
       count(m.body) AS messages,
       count(*) - count(m.body) AS empty_places,
       coalesce(sum(length(m.body)), 0) AS bytes, -- sealed and padded
       count(*) FILTER (WHERE m.pair IS NOT s.pair) AS in_tail
FROM mailbox AS m
JOIN sessions AS s ON s.id = m.recipient
GROUP BY m.recipient
ORDER BY m.recipient DESC;
