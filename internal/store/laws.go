package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"chatme/internal/dbfile"
	"chatme/internal/exit"
)

// law is an invariant that the schema cannot enforce. sql returns the first violation, in words that contain no secret,
// or nothing.
type law struct{ name, sql string }

// laws are the invariants that every batch and every start preserve. Load also checks that a pair has both its members;
// chat.Restore checks what it needs to continue.
var laws = []law{
	{"L1, an ended session has no queue place, chat or mail", `
		SELECT 'session ' || s.id FROM sessions AS s
		WHERE s.ended_at IS NOT NULL AND EXISTS (SELECT 1 FROM mailbox AS m WHERE m.recipient = s.id)`},
	{"L2, a pair has two sides", `
		SELECT 'chat ' || pair FROM sessions WHERE pair > 0 GROUP BY pair HAVING count(*) <> 2`},
	{"L2, the sides of a pair agree", `
		SELECT 'chat ' || a.pair FROM sessions AS a
		JOIN sessions AS b ON b.pair = a.pair AND b.side > a.side
		WHERE a.pair > 0 AND (a.alias = b.alias OR a.matched_at <> b.matched_at)`},
	{"numbers rise from start to start", `
		SELECT what || ' ' || number FROM (
			SELECT 'session' AS what, id AS number FROM sessions
			UNION ALL SELECT 'place', place FROM sessions WHERE place > 0
			UNION ALL SELECT 'chat', pair FROM sessions WHERE pair > 0
			UNION ALL SELECT 'mail of chat', pair FROM mailbox
		) WHERE number >> 32 NOT BETWEEN 1 AND (SELECT max(boot) FROM boots)`},
	{"a session was written by a start that exists", `
		SELECT 'session ' || id FROM sessions WHERE boot > coalesce((SELECT max(boot) FROM boots), 0)`},
	{"each epoch is one range of starts", `
		SELECT 'epoch of start ' || min(boot) FROM boots
		GROUP BY epoch HAVING max(boot) - min(boot) + 1 <> count(*)`},
	{"no start is missing", `SELECT 'after start ' || max(boot) FROM boots HAVING max(boot) <> count(*) OR min(boot) <> 1`},
	{"a chat ends with its epoch", `
		SELECT 'chat ' || pair FROM sessions
		WHERE pair > 0 AND pair >> 32 < (
			SELECT min(boot) FROM boots WHERE epoch = (SELECT epoch FROM boots ORDER BY boot DESC LIMIT 1))`},
	{"L8, a mailbox belongs to one chat", `
		SELECT 'session ' || recipient FROM mailbox GROUP BY recipient HAVING count(DISTINCT pair) <> 1`},
	{"L8, mail in a chat is of that chat and its partner", `
		SELECT 'session ' || s.id FROM mailbox AS m
		JOIN sessions AS s ON s.id = m.recipient AND s.pair > 0
		LEFT JOIN sessions AS p ON p.pair = s.pair AND p.side <> s.side
		WHERE m.pair <> s.pair OR m.sender IS NOT p.alias`},
	{"mail has a recipient who can open it", `
		SELECT 'session ' || m.recipient FROM mailbox AS m
		LEFT JOIN sessions AS s ON s.id = m.recipient
		WHERE s.id IS NULL OR s.resumable = 0 OR s.mail_key IS NULL`},
}

// Laws checks every page and reference of the database, and the invariants that the schema cannot enforce. It reads all
// of it, before Begin or at any other time. An error has exit code 65.
func (s *Store) Laws(ctx context.Context) error {
	if err := integrityCheck(ctx, s.reader.DB, s.path); err != nil {
		return err
	}
	for _, l := range laws {
		var breaks string
		switch err := s.reader.GetContext(ctx, &breaks, l.sql+" LIMIT 1"); {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return dbfile.ExplainRead("check", s.path, err)
		default:
			return &dbfile.Error{What: fmt.Sprintf("check %s: broken law (%s): %s", s.path, l.name, breaks), Todo: dbfile.RestoreBackup, Code: exit.BadDatabase, Damaged: true}
		}
	}
	return nil
}
