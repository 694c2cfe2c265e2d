# `make test` is the whole check; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

GO ?= go
FUZZTIME ?= 20s
COUNT ?= 6
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.revision=$(COMMIT)
PLATFORMS := linux/amd64 linux/arm64 windows/amd64 darwin/arm64

# The linter is a tool of its own module and is built once for each version of
# it and of Go.
LINT_MODULE := internal/tools/lint
LINT_VERSION := $(shell sed -n 's|.*github.com/golangci/golangci-lint/v2 \(v[^ ]*\).*|\1|p' $(LINT_MODULE)/go.mod)
LINT := .tools/golangci-lint-$(LINT_VERSION)-$(shell $(GO) env GOVERSION)

# What runs on more than one goroutine, or under the invariants that -race
# switches on.
RACE := ./internal/rt/... ./internal/link/... ./internal/smbserver/... ./internal/smb2remote/... \
	./internal/machine/... ./ntcache/... ./smb1client/... ./mailclient/...

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 8

.PHONY: build
build: ## build ./bin/ntrdr
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/ntrdr ./cmd/ntrdr

.PHONY: test
test: deps lint ## lint, vet, build, a short race run and all tests
	$(GO) vet ./...
	$(GO) build ./...
	@if [ "$$($(GO) env CGO_ENABLED)" = 1 ]; then set -x; $(GO) test -race -short $(RACE); \
	else echo 'skipped: the race run needs a C compiler (Debian package gcc)'; fi
	$(GO) test ./...

.PHONY: race
race: ## all tests under the race detector
	$(GO) test -race -timeout 30m ./...

.PHONY: lint
lint: $(LINT) ## golangci-lint, gofumpt and goimports among it
	$(LINT) run ./...

$(LINT): $(LINT_MODULE)/go.mod $(LINT_MODULE)/go.sum
	$(GO) build -C $(LINT_MODULE) -o '$(CURDIR)/$@' github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch '$@'

.PHONY: deps
deps: ## install what live tests need, or name it
	@internal/tools/deps.sh

.PHONY: samba
samba: deps ## run a throwaway SMB1 server until interrupted, and print its URL
	@$(GO) run ./internal/tools/cmd/sambaup

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (default 20s)
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n 1 dirname | sort -u | while read -r dir; do \
		sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$dir"/*_test.go | while read -r target; do \
			echo "== $$dir $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$dir"; \
		done; \
	done

.PHONY: mutants
mutants: ## flip one behaviour at a time and name the case or test that goes red
	@$(GO) run ./internal/tools/mutants

.PHONY: bench
bench: ## run the benchmarks COUNT times (default 6), for benchstat
	@grep -rl --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u | \
		xargs $(GO) test -run '^$$' -bench . -benchmem -count $(COUNT)

# The GOGC is the one that `ntrdr bench` sets itself. The parts overlap: all of them allocate.
TRIAL_PARTS := smbserver.*core..step$$$$|endpoint..Send$$$$|direction..onArrival$$$$|trace.*Recorder..add$$$$|runtime.mallocgc$$$$|gcBgMarkWorker$$$$|Mailer..Cycle$$$$|machine.NewSim$$$$|machine.*Workstation..connect$$$$|smb1client.*Client..receive$$$$|smb1client.*Client..sendLocked$$$$|trial..result$$$$|attempt..run$$$$|mailclient.*Sender..Submit$$$$|fcb..cleanup$$$$

.PHONY: trials
trials: ## trials a second, with the trace and without, their cost by message size, and where the time goes
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT; export GOGC=400; \
	$(GO) test -c -o "$$dir/bench.test" ./bench; \
	"$$dir/bench.test" -test.run '^$$' -test.bench 'Trial' -test.benchtime 1s; \
	"$$dir/bench.test" -test.run '^$$' -test.bench 'MessageSize' -test.benchtime 3s; \
	"$$dir/bench.test" -test.run '^$$' -test.bench 'Trials/no-trace=false' -test.benchtime 4s -test.cpuprofile "$$dir/cpu" > /dev/null; \
	$(GO) tool pprof -top -cum -nodecount 2000 "$$dir/bench.test" "$$dir/cpu" 2>/dev/null | awk '/$(TRIAL_PARTS)/ { print $$5, $$6 }'

# What other processes do does not disturb it. The differences of two counts leave out the start. Valgrind has no SHA
# instructions: a checksum costs some 900,000 instructions more than it does without it.
.PHONY: instructions
instructions: ## instructions a trial, with the trace and without, and the functions that take most (needs valgrind)
	@command -v valgrind > /dev/null || { echo "make: valgrind is not there: apt-get install valgrind" >&2; exit 1; }; \
	dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT; export GOGC=off GOMAXPROCS=1 GODEBUG=asyncpreemptoff=1; \
	$(GO) test -c -o "$$dir/bench.test" ./bench; \
	count() { valgrind --tool=callgrind --callgrind-out-file="$$dir/out" "$$dir/bench.test" -test.run '^$$' \
		-test.bench "Trials/no-trace=$$1" -test.benchtime "$$2x" 2>&1 | awk '/Collected/ { print $$4 }'; }; \
	for none in true false; do \
		few=$$(count $$none 100) && many=$$(count $$none 300) && echo "no-trace=$$none: $$(( (many - few) / 200 )) instructions a trial"; \
	done; \
	callgrind_annotate --auto=no "$$dir/out" | sed -n 's/^ *\([0-9,]* *([0-9. ]*%)\)  [^:]*:\(.*\) \[.*/\1  \2/p' | head -40

.PHONY: dist
dist: ## cross-build dist/ with checksums
	@rm -rf dist && mkdir dist
	@for platform in $(PLATFORMS); do \
		os=$${platform%/*} arch=$${platform#*/} suffix=; \
		if [ $$os = windows ]; then suffix=.exe; fi; \
		out=dist/ntrdr-$(VERSION)-$$os-$$arch$$suffix; \
		echo "$$out"; \
		CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o "$$out" ./cmd/ntrdr; \
	done
	@cd dist && sum=$$(command -v sha256sum || echo 'shasum -a 256') && $$sum ntrdr-* > SHA256SUMS && cat SHA256SUMS
