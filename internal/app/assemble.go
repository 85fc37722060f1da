package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"chatme/internal/buildinfo"
	"chatme/internal/chat"
	"chatme/internal/config"
	"chatme/internal/descriptors"
	"chatme/internal/exit"
	"chatme/internal/hub"
	"chatme/internal/metrics"
	"chatme/internal/network"
	"chatme/internal/protocol"
	"chatme/internal/server"
	"chatme/internal/store"
	"chatme/internal/tail"
	"chatme/internal/web"
	"chatme/internal/ws"
)

// sweepAfter is how long a server serves before it deletes expired sessions. If its clock is far ahead, all of them have
// expired, and the operator has this time to notice and set the clock. The same applies after the clock was set.
const sweepAfter = time.Hour

// assemble restores the lobby from db and wires everything around it. Nothing listens yet. With an error the instance is
// only good for recordFailedStart.
func assemble(ctx context.Context, c *configuration, db *store.Store, log *slog.Logger) (*instance, error) {
	cfg := c.Config
	s := &instance{cfg: cfg, log: log, db: db, clock: hub.NewClock(), tags: network.NewTags(time.Now), fatal: make(chan error, 1)}
	s.tail = &tail.Feed{Network: s.tags.Of}
	s.inForce.Store(cfg)
	s.metrics = metrics.New()
	s.history = metrics.NewHistory(s.metrics)
	started, err := db.Begin(ctx, store.Boot{Version: buildinfo.Version, Commit: buildinfo.Revision(), At: s.clock.Moment(0).Wall})
	if err != nil {
		s.started = started
		return s, err
	}
	c.wrap.started(&started)
	s.started = started
	saved, err := db.Load(ctx)
	if err != nil {
		return s, err
	}
	c.wrap.loaded(&saved)
	s.restored = len(saved.Records)
	lobby := chat.New(LobbyConfig(cfg, started))
	if err := lobby.Load(s.clock.Moment(0), saved); err != nil {
		return s, exit.WithCode(exit.BadDatabase, fmt.Errorf("%w; restore %s from a backup", err, cfg.DB))
	}
	s.hub, err = hub.New(hub.Config{
		Store: c.wrap.store(db), Lobby: lobby, Clock: s.clock, Log: log, Metrics: s.metrics, Tail: s.tail,
		SessionTTL: cfg.SessionTTL.Duration,
		SweepAfter: sweepAfter,
		Fatal: func(err error) {
			select {
			case s.fatal <- err:
			default: // the first error already ends the process
			}
		},
	})
	if err != nil {
		return s, err
	}
	limits, err := socketLimits(cfg, started.Epoch)
	if err != nil {
		return s, err
	}
	if err := s.openArrivals(); err != nil {
		return s, err
	}
	s.endpoint, err = ws.New(ws.Config{
		Hub: c.wrap.hub(s.hub), Clock: s.clock, Log: log, Metrics: s.metrics, Tail: s.tail,
		Reclaim:      reclaimer(),
		SocketBuffer: socketBuffer(),
		PingInterval: cfg.PingInterval.Duration,
		FrameMax:     int(cfg.FrameMax),
		OutboxFrames: int(cfg.OutboxFrames),
		OutboxBytes:  int(cfg.OutboxBytes),
		Guests:       s.arrivals.Guests(),
		Accepted:     s.arrivals.Accepted,
		Limits:       limits,
	})
	if err != nil {
		return s, err
	}
	surface, err := surfaceConfig(cfg)
	if err != nil {
		return s, err
	}
	surface.Endpoint, surface.Metrics = s.endpoint, s.metrics
	if s.public, err = server.New(surface); err != nil {
		return s, err
	}
	s.arrivals.Identify(s.public)
	watchMetrics(s.metrics, s)
	if s.admin, err = newAdmin(s); err != nil {
		return s, err
	}
	s.answerOperator()
	return s, nil
}

// surfaceConfig returns the configuration of the public listener, without its endpoint.
func surfaceConfig(cfg *config.Config) (server.Config, error) {
	page, err := newPage(cfg)
	if err != nil {
		return server.Config{}, exit.WithCode(exit.Config, err)
	}
	return server.Config{
		Origins: cfg.AllowedOrigins, NullOrigin: cfg.AllowNullOrigin == "on", Page: page, TrustedProxies: cfg.TrustedProxies,
	}, nil
}

// newPage returns the page served at /; nil: none.
func newPage(cfg *config.Config) (http.Handler, error) {
	if cfg.Web != "on" || len(cfg.WebAPIKeys) == 0 {
		return nil, nil
	}
	return web.New(web.Config{
		APIKey: cfg.WebAPIKeys[0], Frames: cfg.AllowedOrigins, Dir: cfg.WebDir,
		Topics: cfg.Topics, Languages: cfg.Languages, OpenAfter: cfg.OpenAfter.Duration,
	})
}

// LobbyConfig returns what a lobby needs from the configuration and from this run.
func LobbyConfig(cfg *config.Config, started store.Started) chat.Config {
	return chat.Config{
		NewAlias:   func() chat.Alias { return chat.Alias(uuid.NewString()) },
		Epoch:      started.Epoch,
		Boot:       started.Boot,
		Since:      started.Since,
		Topics:     len(cfg.Topics),
		SessionTTL: cfg.SessionTTL.Duration,
		Limits:     lobbyLimits(cfg),
		EntryBytes: store.EntryBytes,
	}
}

// lowPriority has the values of CHATME_LOW_PRIORITY.
var lowPriority = map[string]chat.LowPriority{
	"watch": chat.LowPriorityWatch,
	"on":    chat.LowPriorityOn,
	"off":   chat.LowPriorityOff,
}

func lobbyLimits(cfg *config.Config) chat.Limits {
	return chat.Limits{
		IdleAfter:        cfg.IdleAfter.Duration,
		ChatWindow:       cfg.ChatWindow.Duration,
		ChatWindowLegacy: cfg.ChatWindowOld.Duration,
		AwayAfter:        cfg.AwayAfter.Duration,
		QueueWindow:      cfg.QueueWindow.Duration,
		SleepMax:         cfg.SleepMax.Duration,
		OpenAfter:        cfg.OpenAfter.Duration,
		LateAfter:        cfg.LateAfter.Duration,
		RematchAfter:     cfg.RematchAfter.Duration,
		RecentFor:        cfg.RecentFor.Duration,
		MatchEvery:       cfg.SessionMatches.Per / time.Duration(cfg.SessionMatches.Amount),
		MatchBurst:       int(cfg.SessionMatches.Burst),
		SettleTimeout:    cfg.SettleTimeout.Duration,

		LowPriority: lowPriority[cfg.LowPriority],

		RingMessages:     int(cfg.RingMessages),
		RingBytes:        int(cfg.RingBytes),
		RingTotal:        int64(cfg.RingTotal),
		NetworkShare:     int(cfg.NetworkShare),
		NetworkMail:      int64(cfg.NetworkMail),
		MailboxMessages:  int(cfg.MailboxMessages),
		MailboxBytes:     int(cfg.MailboxBytes),
		MailTotal:        int64(cfg.MailTotal),
		EntryMax:         int(cfg.LetterMax),
		SessionRows:      int(cfg.SessionRows),
		UncommittedRows:  int(cfg.QueuedChanges),
		UncommittedBytes: int64(cfg.QueuedBytes),
	}
}

// socketLimits returns the limits of the endpoint.
func socketLimits(cfg *config.Config, epoch string) (ws.Limits, error) {
	offer := protocol.Offer{Topics: cfg.Topics, Languages: cfg.Languages}
	images, err := protocol.ParseImagePolicy(cfg.Images)
	if err != nil {
		return ws.Limits{}, err
	}
	strip, err := protocol.ParseStripPolicy(cfg.ImagesStrip)
	if err != nil {
		return ws.Limits{}, err
	}
	files, err := descriptors.Own(int(cfg.MaxConns))
	if err != nil {
		return ws.Limits{}, err
	}
	return ws.Limits{
		Keys:  slices.Concat(cfg.WebAPIKeys, cfg.MobileAPIKeys),
		Rules: protocol.Rules{MaxText: int(cfg.TextMax), Images: images, Strip: strip, Offer: offer},
		Hello: protocol.Hello{
			Epoch:    epoch,
			WindowMs: cfg.ChatWindow.Milliseconds(),
			PingMs:   cfg.PingInterval.Milliseconds(),
			MaxBytes: int64(cfg.FrameMax),
			Offer:    offer,
		},
		AuthTimeout:        cfg.AuthTimeout.Duration,
		DeadAfter:          cfg.DeadAfter.Duration,
		DeadAfterLegacy:    cfg.DeadAfterOld.Duration,
		ProgressTimeout:    cfg.ProgressTimeout.Duration,
		StallTimeout:       cfg.StallTimeout.Duration,
		FrameBeforeMatch:   int(cfg.FrameBeforeMatch),
		MalformedPerMinute: int(cfg.MalformedPerMinute),
		InFlightMax:        int64(cfg.InFlightMax),
		MaxConns:           files.Sockets,
		FailedKeys:         int(cfg.FailedKeys),
		NetworkSockets:     cfg.SocketsOfNetwork(files.Sockets),
		NetworkRates:       networkRates(cfg, files.Sockets),
		Rates:              socketRates(cfg),
		InFlightParts:      int(cfg.NetworkShare),
	}, nil
}
