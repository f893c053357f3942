# make run: build, and serve a made-up mailbox on 127.0.0.1:1110
# make test: everything that a change must pass
# make conformance: run the tests, and write docs/conformance.md: which show which requirement
#
# Go, git and make are all that is needed. What a machine cannot do is skipped
# with a line that begins with SKIP, and counted in the last line of `make test`.

PREFIX = /usr/local
FUZZTIME = 1m
# bodies in ./fuzz for go-fuzz
GOFUZZ = CommandLine Session Login Mbox Stuffing Separator
BENCH = .

SHELL = /bin/sh
.SHELLFLAGS = -euc
.ONESHELL:
.PHONY: build run test conformance nightly bench fuzz gofuzz install clean

build:
	@go build -trimpath -o build/ ./cmd/popper

run: build
	@exec build/popper demo

test:
	@mkdir -p build
	log=build/test.log
	skips=0
	skip() { skips=$$((skips + 1)); echo "SKIP $$*"; }
	sums() { find . -type f -not -path './.git/*' -not -path './build/*' -exec cksum {} + | sort -k 3; }
	# Runs go test with the arguments given; shows its summary, skips and failures.
	suite() {
		code=0
		go test -v "$$@" ./... >$$log 2>&1 || code=$$?
		grep -a -E '^(ok|FAIL|\?) |^ .*: SKIP ' $$log || true
		skips=$$((skips + $$(grep -a -c -E '^ *--- SKIP' $$log || true)))
		[ $$code = 0 ] || { grep -a -v -E '^ *(===|--- PASS|PASS)' $$log; return 1; }
	}

	echo "== gofmt"
	bad=$$("$$(go env GOROOT)/bin/gofmt" -l .)
	[ -z "$$bad" ] || { echo "run gofmt -w on:"; echo "$$bad"; exit 1; }
	echo "== go vet"
	go vet ./...
	echo "== staticcheck"
	go tool staticcheck ./...
	echo "== go generate"
	sums >build/before
	go generate ./...
	sums >build/after
	diff build/before build/after || { echo "go generate changed these files: commit what it writes"; exit 1; }
	echo "== go test"
	suite -count=1
	echo "== go test -race"
	if [ "$$(go env CGO_ENABLED)" = 1 ] && command -v "$$(go env CC | cut -d ' ' -f 1)" >/dev/null; then
		suite -race -count=1
	else
		skip "race: the race detector needs a C compiler"
	fi
	echo "== govulncheck"
	code=0
	go tool govulncheck ./... >$$log 2>&1 || code=$$?
	case $$code in
	0) tail -n 1 $$log ;;
	3) cat $$log; exit 1 ;;
	*) skip "govulncheck: $$(tail -n 1 $$log)" ;;
	esac
	echo "== passed; $$skips checks skipped"

# The list is written first, since a test looks whether it is up to date.
conformance:
	@mkdir -p build
	go run ./cmd/popperconform
	code=0
	go test -json -count=1 ./... >build/conformance.json || code=$$?
	go run ./cmd/popperconform -results build/conformance.json
	[ $$code = 0 ] || grep '"Action":"fail"' build/conformance.json
	exit $$code

# what takes too long for every change
nightly:
	@mkdir -p build
	code=0
	POPPER_CRASH_STATES=1000000 POPPER_KILL_ROUNDS=1000 POPPER_UID_HISTORIES=100000 go test -count=1 -timeout 2h -v -run "Crash|Kill|UniqueIDHistories" ./mbox >build/nightly.log 2>&1 || code=$$?
	POPPER_DELIVERIES=10000 POPPER_KILLS=1000 go test -count=1 -timeout 3h -v -run "Deliver|Kill|Together|PostfixLocal" ./cmd/popper >>build/nightly.log 2>&1 || code=$$?
	grep -a -E '^(ok|FAIL|---|panic)| crash states| rounds| histories| letters|: SKIP ' build/nightly.log
	exit $$code

bench:
	@go test -run '^$$' -bench '$(BENCH)' -benchmem ./parser ./mbox ./server

fuzz:
	@for p in $$(go list ./...); do
		for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz' || true); do
			echo "== $$p $$f"
			go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$p
		done
	done

gofuzz:
	@export POPPER_FUZZ_DIR="$$(mktemp -d)"
	trap 'rm -rf "$$POPPER_FUZZ_DIR"' EXIT
	for f in $(GOFUZZ); do
		echo "== Fuzz$$f"
		w=build/gofuzz/$$f
		mkdir -p $$w/corpus
		cp fuzz/corpus/$$(echo $$f | tr A-Z a-z | sed s/login/session/)/* $$w/corpus
		go tool go-fuzz-build -func Fuzz$$f -o $$w.zip ./fuzz
		timeout -s INT $(FUZZTIME) go tool go-fuzz -bin $$w.zip -workdir $$w || [ $$? = 124 ]
		[ -z "$$(ls $$w/crashers 2>/dev/null)" ] || { echo "crashers in $$w"; exit 1; }
	done

install: build
	@mkdir -p $(DESTDIR)$(PREFIX)/sbin
	install -m 755 build/popper $(DESTDIR)$(PREFIX)/sbin/popper
	ln -sf popper $(DESTDIR)$(PREFIX)/sbin/popper-deliver

clean:
	@rm -rf build
