package chat

// Retune puts the times and limits of cfg in force, but for SessionTTL, which the rows on disk are kept by. A window
// that is open stays as long as somebody was told that it would; what is held beyond a limit stays held.
func (l *Lobby) Retune(cfg Config) {
	c := &l.cfg
	c.IdleAfter, c.SleepMax = cfg.IdleAfter, cfg.SleepMax
	c.ChatWindow, c.ChatWindowOld, c.QueueWindow = cfg.ChatWindow, cfg.ChatWindowOld, cfg.QueueWindow
	c.RematchAfter, c.SettleTimeout = cfg.RematchAfter, cfg.SettleTimeout
	c.RingMessages, c.RingBytes, c.RingTotal = cfg.RingMessages, cfg.RingBytes, cfg.RingTotal
	c.MailboxMessages, c.MailboxBytes, c.MailTotal, c.LetterMax = cfg.MailboxMessages, cfg.MailboxBytes, cfg.MailTotal, cfg.LetterMax
	for _, s := range l.ready { // two who have just left each other wait for RematchAfter, and nothing else wakes them
		l.schedule(s)
	}
}
