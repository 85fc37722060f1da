# chatme. On a fresh Debian 12 with git, make and Go: `make run` starts a server, `make test` runs every test.

.DEFAULT_GOAL := help
.PHONY: help run build build-all deb test deps race fuzz lint fmt check gates torture mutants bench soak soak-litestream example-db clean

# The version that `chatme version` prints: the tag, without tags the revision, outside git "dev".
VERSION := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
LDFLAGS := -s -w -X chatme/internal/buildinfo.Version=$(VERSION)
# No cgo, so no C library; only the race detector needs it. All targets share one set of flags, so that dependencies are
# compiled once.
export CGO_ENABLED := 0
export GOFLAGS += -trimpath
STATIC := go build -ldflags '$(LDFLAGS)'
# The timeout allows for a busy machine; each test that can hang has a shorter deadline of its own. SQLite, translated from C, is
# built without the race detector: it would take as long as everything else together. Vet is part of the gates.
RACE := CGO_ENABLED=1 go test -vet=off -race -gcflags=modernc.org/sqlite/lib=-race=false -timeout 40m

# These tests watch commands and servers in separate processes, hundreds of databases, and millions of states. The race
# detector would make them several times slower and find nothing that it does not find in other tests.
APART := 'E2E|TestScript$$|Torture|SystemCallsFail|PowerLoss|Killed$$|KilledAnywhere|UnsuitedFileSystem|Explore$$|VanishesUnderAServer|VanishedDatabaseIsSaved|TestBackupCopiedOver|BackupAdvances|FairnessBounds|HurriedBots'
# The packages that have them.
APART_IN := ./internal/e2e ./internal/powerloss ./internal/torture ./internal/chat/explore ./internal/chat/fairness ./internal/doctor ./internal/store ./cmd/chatme

WEB := internal/web
STATICCHECK := go tool -modfile=.ci/tools/go.mod staticcheck
# Run time of each fuzz target.
FUZZTIME ?= 10s
# Number of times that bench takes each measurement.
ROUNDS ?= 3
# Number of times that soak-litestream continues from a replica, and number of drills that follow.
RESTORES ?= 50
DRILLS ?= 20
LITESTREAM := github.com/benbjohnson/litestream/cmd/litestream@v0.5.18

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, serve on :8787 with development keys, and print the address to open
	bin/chatme dev

build: ## build the static binary bin/chatme
	$(STATIC) -o bin/chatme ./cmd/chatme

build-all: build ## build bin/chatme-linux-arm64 and bin/chatme-linux-armv7 too
	GOOS=linux GOARCH=arm64 $(STATIC) -o bin/chatme-linux-arm64 ./cmd/chatme
	GOOS=linux GOARCH=arm GOARM=7 $(STATIC) -o bin/chatme-linux-armv7 ./cmd/chatme

# Without tags: a version that is below every release and rises with each commit.
DEB_VERSION = $(or $(patsubst v%,%,$(shell git describe --tags --match 'v[0-9]*' 2>/dev/null | tr - +)),0.0.0~git$(shell git log -1 --date=format:%Y%m%d%H%M%S --format=%cd.%h))
DEB_ARCH ?= $(shell dpkg --print-architecture 2>/dev/null || go env GOARCH)

deb: ## build a Debian package in dist/, for this machine; DEB_ARCH=arm64 for another
	GOOS=linux GOARCH=$(DEB_ARCH:armhf=arm) $(STATIC) -o bin/chatme-deb ./cmd/chatme
	mkdir -p dist
	ARCH=$(DEB_ARCH) VERSION='$(DEB_VERSION)' go tool -modfile=.ci/nfpm/go.mod nfpm package --config deploy/nfpm.yaml --packager deb --target dist/

# Recursive, so that the tools are installed before anything is built, even with -j.
# Without LONG, `go test ./...` leaves out what takes long (internal/stage).
test race soak: export LONG = 1
test: deps ## install the tools, build, and run the Go tests with the race detector and the browser tests
	$(MAKE) --no-print-directory build
	@echo '== what each package promises, with the race detector'
	$(RACE) -skip $(APART) ./internal/ws ./internal/store ./...
	@echo '== whole servers: end to end, killed, without power, on failing disks; every state the explorer reaches'
	go test -vet=off -timeout 60m -run $(APART) $(APART_IN)
	@echo '== the page, its library and the dashboard, in a browser'
	npm --prefix $(WEB) test

deps: ## install a C compiler, sqlite3, strace, chromium, node, npm, the programs deploy/ is for, and the npm packages
	.ci/deps

race: ## run the Go tests with the race detector
	$(RACE) ./...

torture: build ## kill a server 50 times under load and judge what its clients saw
	bin/chatme torture --kills 50

mutants: ## show that torture finds every seeded bug
	.ci/mutants

# The peers are in a separate module. QUICK=1 takes less than a minute and shows only that everything works.
bench: build ## compare chatme with two other relays: ROUNDS=3, or QUICK=1; needs an idle machine
	go -C internal/bench build -o '$(CURDIR)/bin/bench/' ./...
	bin/bench/bench --chatme bin/chatme --peers bin/bench --rounds $(ROUNDS) $(if $(QUICK),--quick)

fuzz: ## run each fuzz target for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME)

lint: ## run vet and staticcheck, reject time.Sleep in tests outside a synctest bubble, type-check for other systems
	go vet ./...
	go vet -tags mutants ./internal/torture/mutants ./internal/chat ./internal/dbfile ./internal/hub ./internal/store ./internal/ws
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags mutants ./internal/torture/mutants ./internal/chat ./internal/dbfile ./internal/hub ./internal/store ./internal/ws
	go -C .ci/tools vet ./...
	go -C .ci/tools test ./...
	go -C .ci/tools run ./nosleep '$(CURDIR)'
	go -C .ci/tools run ./systems '$(CURDIR)'
	go -C internal/bench vet ./...
	go -C internal/bench test ./...

fmt: ## format the Go code
	gofmt -w cmd internal migrations .ci

check: ## run all gates: formatting, lint, import table, tidy modules; they must not change a tracked file
	@before=$$(git diff HEAD | git hash-object --stdin); \
	$(MAKE) --no-print-directory gates || exit 1; \
	after=$$(git diff HEAD | git hash-object --stdin); \
	if [ "$$before" != "$$after" ]; then git diff --stat; echo 'make check: the gates changed tracked files' >&2; exit 1; fi

gates:
	@bad=$$(gofmt -l cmd internal migrations .ci) || exit 1; \
	if [ -n "$$bad" ]; then printf 'not formatted, run make fmt:\n%s\n' "$$bad" >&2; exit 1; fi
	@$(MAKE) --no-print-directory lint
	go test -run ImportTable ./internal
	go mod tidy -diff
	go -C .ci/tools mod tidy -diff
	go -C .ci/nfpm mod tidy -diff
	go -C internal/bench mod tidy -diff

soak: build ## run for hours: 1,000 kills, hostile clients, 40,000 disk images after a power cut, an hour of states, all faults, bots, fuzz 5m each
	bin/chatme torture --kills 1000
	bin/chatme hostile attacks
	bin/chatme hostile bots --set CHATME_LOW_PRIORITY=off
	bin/chatme hostile bots --set CHATME_LOW_PRIORITY=on
	SOAK=1 go test -timeout 150m -v -run 'E2E|SystemCallsFail|PowerLoss' ./internal/e2e ./internal/torture ./internal/powerloss
	EXPLORE=1h go test -timeout 90m -v -run 'TestExplore$$' ./internal/chat/explore
	FAIRNESS=10 go test -timeout 90m -v -run 'FairnessBounds$$|HurriedBots$$' ./internal/chat/fairness
	.ci/fuzz 5m
	EXPLORE=5s $(RACE) -count=10 ./internal/chat/... ./internal/hub ./internal/store ./internal/ws

# Litestream is not in any go.mod here: it is a program with hundreds of modules. Building it takes about three minutes, once.
soak-litestream: build ## kill server and Litestream under load and continue from the replica, 50 times; then 20 drills
	GOBIN='$(CURDIR)/bin' CGO_ENABLED=1 go install $(LITESTREAM)
	bin/litestream databases -config deploy/litestream.yml
	bin/chatme torture --litestream bin/litestream --clients 100 --kills $(RESTORES)
	.ci/drills $(DRILLS)

example-db: ## regenerate chatme.db.example
	go run ./cmd/chatme example-db chatme.db.example

clean: ## remove build output, but no databases
	rm -rf bin dist
