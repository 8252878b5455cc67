# What a person does all day. `make run` and `make test` install what is missing, build, and do it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup setup-test setup-bench setup-bench-live setup-bench-cluster setup-bench-console setup-cluster setup-fuzz-api run build release test unit conformance websocket-conformance bench bench-live bench-cluster sanitize-thread sanitize-address fuzz fuzz-quick fuzz-api format lint clean

# Where `make run` keeps its data, and what else `rostrum dev` is to be told.
DATA ?= rostrum-data
ARGS ?=
# The black-box suite stands beside the repository where it is developed.
CONFORMANCE ?= ../shared/conformance/run
STAGE ?= 3

# How much `make fuzz-api` does: so many requests of a kind for each command, and for so many seconds at most.
RUNS ?= 200
SECONDS_AT_MOST ?= 300

# So many tests at the same time: more would only keep each other waiting until their patience ends.
AT_ONCE = SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8

# Where hashes differ from run to run, so does the order of a package's traits on the compiler's command line; the package
# and all that uses it would be compiled again.
SWIFT_BUILD = SWIFT_DETERMINISTIC_HASHING=1 swift build --explicit-target-dependency-import-check error

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-22s %s\n", $$1, $$2 }'

setup: ## install what building needs, if it is missing
	@scripts/setup build

setup-test:
	@scripts/setup build test

.PHONY: setup-all-tests
setup-all-tests:
	@scripts/setup build test cluster

setup-bench:
	@scripts/setup build bench

setup-bench-live:
	@scripts/setup build bench-live

setup-bench-cluster:
	@scripts/setup build bench-cluster

setup-bench-console:
	@scripts/setup build bench bench-cluster

setup-cluster:
	@scripts/setup build cluster

setup-fuzz-api:
	@scripts/setup build fuzz-api

run: setup ## build, and run the emulator on http://127.0.0.1:8080
	@$(SWIFT_BUILD) --product rostrum
	@exec .build/debug/rostrum dev --data-dir "$(DATA)" $(ARGS)

.PHONY: cluster
cluster: setup-cluster ## build, and run PostgreSQL, NATS, three nodes and HAProxy on this machine
	@$(SWIFT_BUILD) --product rostrum
	@exec deploy/cluster --rostrum .build/debug/rostrum $(ARGS)

build: setup ## build everything for debugging
	@$(SWIFT_BUILD)

release: setup ## build the server with optimisation
	@$(SWIFT_BUILD) -c release --product rostrum

# Two at a time where tests wait more than they compute.
test: setup-all-tests lint ## build, and run every test
	@$(SWIFT_BUILD) --build-tests
	@ROSTRUM_PYTHON="$(CURDIR)/.build/venv/bin/python" $(AT_ONCE) swift test --skip-build
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target javascript judges docs-test alerts-test traces-test
	@$(MAKE) --no-print-directory upgrade browser security faults-quick crash-quick round-trips-quick fuzz-quick conformance

.PHONY: javascript
javascript: setup-test ## run the tests of the JavaScript SDK
	@node --test --test-reporter spec Tests/JavaScript/*.test.mjs

.PHONY: browser
browser: setup-test ## test the demo page, the console and the documentation in headless Chromium; needs a build
	@PYTHONDONTWRITEBYTECODE=1 .build/venv/bin/python Tests/Browser/demo_test.py
	@PYTHONDONTWRITEBYTECODE=1 .build/venv/bin/python Tests/Browser/console_test.py
	@PYTHONDONTWRITEBYTECODE=1 .build/venv/bin/python Tests/Browser/docs_test.py

.PHONY: screenshots
screenshots: setup-test ## take the pictures of the console in the README anew; needs a build
	@PYTHONDONTWRITEBYTECODE=1 .build/venv/bin/python Tests/Browser/readme_pictures.py

.PHONY: faults-quick test-faults
faults-quick: setup-cluster ## break a cluster in the quickest ways; needs a build
	@Tests/Faults/judge_test.py
	@Tests/Faults/cluster_test.py
	@Tests/Faults/run --quick $(ARGS)

test-faults: setup-cluster ## break a cluster in every way that it must survive
	@$(SWIFT_BUILD) --product rostrum
	@Tests/Faults/run $(ARGS)

.PHONY: crash crash-quick
crash: setup-cluster ## end a server in every way that a machine can; ARGS="--seconds 600 --seed 7"
	@$(SWIFT_BUILD) --product rostrum
	@Tests/Crash/oracle_test.py
	@Tests/Crash/run $(ARGS)

crash-quick: setup-cluster ## end a server in the quickest ways; needs a build
	@Tests/Crash/oracle_test.py
	@Tests/Crash/run --quick $(ARGS)

.PHONY: round-trips round-trips-quick
round-trips: setup-cluster ## back up and move installations under load, and look at the copies; ARGS="--seconds 600"
	@$(SWIFT_BUILD) --product rostrum
	@Tests/Backup/witness_test.py
	@Tests/Backup/run $(ARGS)

round-trips-quick: setup-cluster ## the same for some seconds; needs a build
	@Tests/Backup/witness_test.py
	@Tests/Backup/run --seconds 10 $(ARGS)

.PHONY: upgrade
upgrade: setup-cluster ## open what earlier versions have left
	@$(SWIFT_BUILD) --product rostrum
	@Tests/Upgrade/inventory_test.py
	@Tests/Upgrade/run $(ARGS)

.PHONY: package package-test setup-package setup-package-test
setup-package:
	@scripts/setup build package

setup-package-test:
	@scripts/setup build package package-test

package: setup-package ## build a tarball and a Debian package, into .build/packages
	@swift package resolve
	@$(SWIFT_BUILD) -c release --static-swift-stdlib --product rostrum --scratch-path .build/package
	@deploy/package/build

package-test: setup-package-test package ## install, use, upgrade and remove the packages in a Debian of their own; needs root
	@Tests/Package/run $(ARGS)

.PHONY: soak soak-judge
soak: setup-cluster ## load a server for MINUTES=20 with SESSIONS=5000, count every receipt, watch its memory; ARGS=--quick
	@$(SWIFT_BUILD) -c release --product rostrum
	@$(MAKE) --no-print-directory soak-judge
	@Tests/Soak/run $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SESSIONS),--sessions $(SESSIONS)) $(ARGS)

soak-judge: setup-cluster ## show the judge of the soak and its subscribers what a server may do wrong
	@Tests/Soak/judge_test.py
	@Tests/Soak/client_test.py

.PHONY: judges
judges: soak-judge prove-judge

.PHONY: prove prove-judge
prove: prove-judge ## run every proof, and print what was tried, how often, what was lost; more than two hours; ARGS=--write keeps it
	@Tests/Prove/run $(ARGS)

prove-judge:
	@Tests/Prove/proofs_test.py

# In CI the suite must be there; in a stranger's clone its absence is said and passes.
conformance:
	@if [ -x "$(CONFORMANCE)" ]; then \
		"$(CONFORMANCE)" --server .build/debug/rostrum --stage $(STAGE); \
	elif [ -n "$${CI:-}" ]; then \
		echo "the conformance suite is not at $(CONFORMANCE), and CI needs it" >&2; exit 1; \
	else \
		echo "SKIPPED: the conformance suite is not at $(CONFORMANCE)"; \
	fi

websocket-conformance: setup ## run the Autobahn fuzzing client against the emulator's echo
	@$(SWIFT_BUILD) --product rostrum
	@scripts/websocket-conformance

bench: setup-bench ## measure against the baselines; prints the table of docs/performance.md
	@ROSTRUM_BENCHMARKS=1 $(SWIFT_BUILD) -c release
	@Benchmarks/run $(ARGS)

bench-live: setup-bench-live ## measure live subscribers beside an epoll loop and nchan
	@ROSTRUM_BENCHMARKS=1 $(SWIFT_BUILD) -c release
	@Benchmarks/run --suite live $(ARGS)

bench-cluster: setup-bench-cluster ## measure several nodes: PostgreSQL beside pgbench, posts between nodes, 100,000 live
	@ROSTRUM_BENCHMARKS=1 $(SWIFT_BUILD) -c release
	@Benchmarks/run --suite cluster $(ARGS)

.PHONY: bench-console
bench-console: setup-bench-console ## measure the console's pages in a large installation, and what its indexes cost
	@ROSTRUM_BENCHMARKS=1 $(SWIFT_BUILD) -c release
	@Benchmarks/run --suite console $(ARGS)

# Instrumented, they would keep each other waiting sooner.
sanitize-thread: AT_ONCE = SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=2
sanitize-address: AT_ONCE = SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=3
sanitize-thread: ## run the Swift tests under ThreadSanitizer; more than half an hour
sanitize-address: ## run the Swift tests under AddressSanitizer
sanitize-thread sanitize-address: sanitize-%: setup-test
	@$(SWIFT_BUILD) --build-tests --sanitize=$* --scratch-path .build/sanitize-$*
	@ROSTRUM_PYTHON="$(CURDIR)/.build/venv/bin/python" $(AT_ONCE) scripts/sanitized-tests $*

fuzz: setup-test ## fuzz all that reads bytes from outside; ARGS="--seconds 600 json frames"
	@Fuzz/run $(ARGS)

fuzz-quick: setup-test ## fuzz most of it for a minute in all
	@Fuzz/run --quick $(ARGS)

fuzz-api: setup-fuzz-api ## fuzz the emulator by its OpenAPI document; RUNS and SECONDS_AT_MOST bound it
	@$(SWIFT_BUILD) --product rostrum
	@scripts/fuzz-api "$(RUNS)" "$(SECONDS_AT_MOST)"

.PHONY: docs docs-test
docs: setup ## renew what of docs is made from the commands' cards, and the list of what the program serves
	@$(SWIFT_BUILD) --product rostrum
	@.build/debug/rostrum commands --markdown > docs/compatibility.md
	@.build/debug/rostrum commands --pages docs/commands
	@scripts/docs-files

docs-test: setup-test ## read the served documentation, run what it says and its examples; needs a build
	@PYTHONDONTWRITEBYTECODE=1 .build/venv/bin/python -m unittest discover --start-directory Tests/Documentation --pattern '*_test.py'

.PHONY: security
security: setup-cluster ## send a server what means no good, and give a cluster another master key
	@$(SWIFT_BUILD) --product rostrum
	@Tests/Security/smuggling_test.py
	@Tests/Security/smuggling_http2_test.py
	@Tests/Security/hostile_test.py
	@Tests/Security/master_key_test.py

.PHONY: notice sbom
notice: ## renew NOTICE from the packages that are resolved
	@scripts/notice

sbom: ## write a bill of materials of this build to .build/rostrum.cdx.json
	@scripts/notice --sbom .build/rostrum.cdx.json

.PHONY: alerts-test traces-test
alerts-test: setup-test ## have promtool check the alert rules, and compare them with a server, the dashboard and docs; needs a build
	@PYTHONDONTWRITEBYTECODE=1 .build/venv/bin/python Tests/Operations/alerts_test.py

traces-test: setup-test ## follow a trace through servers, webhooks and a crash; needs a build
	@PYTHONDONTWRITEBYTECODE=1 .build/venv/bin/python Tests/Operations/trace_test.py

format: ## format the sources
	@swift format --in-place --recursive Sources Tests Benchmarks Fuzz examples Package.swift

lint: ## check the format of the sources
	@swift format lint --strict --recursive Sources Tests Benchmarks Fuzz examples Package.swift

clean: ## remove what was built, and the data of `make run`
	@rm -rf .build "$(DATA)"
