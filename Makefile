# chatme. On a fresh Debian 12 with git, make and Go: `make run` serves, `make test` tests.

.DEFAULT_GOAL := help
.PHONY: help run build build-all deb test deps race fuzz lint fmt check gates torture mutants bench soak soak-litestream example-db clean

# What `chatme version` says; without tags the revision, outside git "dev".
VERSION := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
# No C, and so no C library; only the race detector needs it. One set of flags for all, so that dependencies are compiled once.
export CGO_ENABLED := 0
export GOFLAGS += -trimpath
STATIC := go build -ldflags '$(LDFLAGS)'
# The limit is for a machine with other work; what hangs is found by a deadline of its own before. SQLite, a translation from C, is
# not watched for races: it would take as long as all the rest. Vet is part of the gates.
RACE := CGO_ENABLED=1 go test -vet=off -race -gcflags=modernc.org/sqlite/lib=-race=false -timeout 40m

# What these watch are commands and servers in processes of their own, databases by the hundred, and states by the million:
# the race detector would make them take several times as long, and what it could see in them it sees in other tests.
APART := 'E2E|TestScript$$|Torture|SystemCallsFail|PowerLoss|Killed$$|KilledAnywhere|UnsuitedFileSystem|Explore$$'

WEB := internal/web
STATICCHECK := go tool -modfile=.ci/tools/go.mod staticcheck
# How long each fuzz target runs.
FUZZTIME ?= 10s
# How often each figure of bench is taken.
ROUNDS ?= 3
# How often soak-litestream goes on from a replica, and how many drills follow.
RESTORES ?= 50
DRILLS ?= 20
LITESTREAM := github.com/benbjohnson/litestream/cmd/litestream@v0.5.18

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build, then serve on :8787 with development keys; it prints the address to open
	bin/chatme dev

build: ## build bin/chatme, static
	$(STATIC) -o bin/chatme ./cmd/chatme

build-all: build ## also bin/chatme-linux-arm64 and bin/chatme-linux-armv7
	GOOS=linux GOARCH=arm64 $(STATIC) -o bin/chatme-linux-arm64 ./cmd/chatme
	GOOS=linux GOARCH=arm GOARM=7 $(STATIC) -o bin/chatme-linux-armv7 ./cmd/chatme

# Without tags a version below every release, which rises with the commits.
DEB_VERSION = $(or $(patsubst v%,%,$(shell git describe --tags --match 'v[0-9]*' 2>/dev/null | tr - +)),0.0.0~git$(shell git log -1 --date=format:%Y%m%d%H%M%S --format=%cd.%h))
DEB_ARCH ?= $(shell dpkg --print-architecture 2>/dev/null || go env GOARCH)

deb: ## a Debian package in dist/, for this machine; DEB_ARCH=arm64 for another
	GOOS=linux GOARCH=$(DEB_ARCH:armhf=arm) $(STATIC) -o bin/chatme-deb ./cmd/chatme
	mkdir -p dist
	ARCH=$(DEB_ARCH) VERSION='$(DEB_VERSION)' go tool -modfile=.ci/nfpm/go.mod nfpm package --config deploy/nfpm.yaml --packager deb --target dist/

# Recursive, so that nothing is built before its tools are there, also with -j.
test: deps ## everything: the tools, the build, the Go tests with the race detector, the browser tests
	$(MAKE) --no-print-directory build
	$(RACE) -skip $(APART) ./...
	go test -vet=off -timeout 60m -run $(APART) ./cmd/chatme ./internal/chat ./internal/store
	npm --prefix $(WEB) test

deps: ## make sure of a C compiler, sqlite3, strace, chromium, node and npm, of what deploy/ is for, and of the npm packages
	.ci/deps

race: ## the Go tests with the race detector
	$(RACE) ./...

torture: build ## kill a server 50 times under load and judge what its clients saw
	bin/chatme torture --kills 50

mutants: ## show that torture finds every seeded bug
	.ci/mutants

# The peers are in a module of their own. QUICK=1 takes less than a minute and shows only that everything works.
bench: build ## measure chatme beside two other relays: ROUNDS=3, or QUICK=1; on a machine that does nothing else
	go -C internal/bench build -o '$(CURDIR)/bin/bench/' ./...
	bin/bench/bench --chatme bin/chatme --peers bin/bench --rounds $(ROUNDS) $(if $(QUICK),--quick)

fuzz: ## run each fuzz target for FUZZTIME (10s)
	.ci/fuzz $(FUZZTIME)

lint: ## vet, staticcheck, and no time.Sleep in a test outside a synctest bubble
	go vet ./...
	go vet -tags mutants ./cmd/chatme ./internal/chat ./internal/hub ./internal/store ./internal/ws
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags mutants ./cmd/chatme ./internal/chat ./internal/hub ./internal/store ./internal/ws
	go -C .ci/tools vet ./...
	go -C .ci/tools test ./...
	go -C .ci/tools run ./nosleep '$(CURDIR)'
	go -C internal/bench vet ./...
	go -C internal/bench test ./...

fmt: ## format the Go code
	gofmt -w cmd internal migrations .ci

check: ## all gates: formatting, lint, import table, tidy modules, and no tracked file changed by them
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

soak: build ## longer runs: 1,000 kills, 40,000 images after a power cut, an hour of states, all faults, fuzz 5m each
	bin/chatme torture --kills 1000
	SOAK=1 go test -timeout 150m -v -run 'E2E|SystemCallsFail|PowerLoss' ./cmd/chatme
	EXPLORE=1h go test -timeout 90m -v -run 'TestExplore$$' ./internal/chat
	.ci/fuzz 5m
	EXPLORE=5s $(RACE) -count=10 ./internal/chat ./internal/hub ./internal/store ./internal/ws

# Litestream has no go.mod of ours: it is a program, and hundreds of modules. Building it takes some three minutes, once.
soak-litestream: build ## kill server and Litestream under load and go on from the replica, 50 times; then 20 drills
	GOBIN='$(CURDIR)/bin' CGO_ENABLED=1 go install $(LITESTREAM)
	bin/litestream databases -config deploy/litestream.yml
	bin/chatme torture --litestream bin/litestream --clients 100 --kills $(RESTORES)
	.ci/drills $(DRILLS)

example-db: ## make chatme.db.example anew
	go run ./cmd/chatme example-db chatme.db.example

clean: ## remove what was built; databases stay
	rm -rf bin dist
