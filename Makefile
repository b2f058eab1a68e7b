# What to type. `make help` lists the targets; nothing here asks a question.

BUILD   := build
MODEL   ?= models/smollm2-135m-llamba.q4_k.gguf
PROMPT  ?= Once upon a time
TOKENS  ?= 200
PREFIX  ?= /usr/local
DESTDIR ?=
JOBS    ?= $(shell nproc)
LLAMBA  := $(BUILD)/release/bin/llamba

# Text from the command line goes to the shell in the environment, as it stands:
# in a recipe, make would read its $HOME and the shell its `id`. Recipes with such
# text say themselves what they run: make would show the variable's name.
export RAW_MODEL   = $(value MODEL)
export RAW_PROMPT  = $(value PROMPT)
export RAW_TOKENS  = $(value TOKENS)
export RAW_PREFIX  = $(value PREFIX)
export RAW_DESTDIR = $(value DESTDIR)
# As a person would type it.
quoted = '$(subst ','\'',$(value $(1)))'
export SHOWN_MODEL  = $(call quoted,MODEL)
export SHOWN_PROMPT = $(call quoted,PROMPT)
export SHOWN_TOKENS = $(call quoted,TOKENS)

# CI runs the tests against others' programs too; see test-interop.
ifeq ($(CI),true)
TEST_VENV := venv
endif

.DEFAULT_GOAL := engine
.PHONY: engine run chat test test-interop venv install deb format clean help \
        setup-engine setup-test

engine: $(BUILD)/release/build.ninja ## build the engine alone (release)
	cmake --build $(BUILD)/release -j $(JOBS)

run: engine ## build it and generate a text: MODEL=, PROMPT=, TOKENS=
	@printf '%s run %s -p %s --echo -n %s\n' \
	  '$(LLAMBA)' "$$SHOWN_MODEL" "$$SHOWN_PROMPT" "$$SHOWN_TOKENS" >&2
	@$(LLAMBA) run "$$RAW_MODEL" -p "$$RAW_PROMPT" --echo -n "$$RAW_TOKENS"

chat: engine ## build it and talk to MODEL=
	@printf '%s chat %s\n' '$(LLAMBA)' "$$SHOWN_MODEL" >&2
	@$(LLAMBA) chat "$$RAW_MODEL"

test: setup-test $(TEST_VENV) ## install what the tests need, build everything, run all tests
	cmake --preset dev
	cmake --build $(BUILD)/dev -j $(JOBS)
	ctest --test-dir $(BUILD)/dev -j $(JOBS) --output-on-failure $(CTEST_ARGS)

test-interop: setup-test venv ## check llamba against other programs (from PyPI, in .venv)
	cmake --preset dev
	cmake --build $(BUILD)/dev -j $(JOBS)
	ctest --test-dir $(BUILD)/dev -j $(JOBS) --output-on-failure -L interop $(CTEST_ARGS)

venv:
	@scripts/setup interop
	@scripts/interop-venv

install: engine ## install into PREFIX= (below DESTDIR=)
	@DESTDIR="$$RAW_DESTDIR" cmake --install $(BUILD)/release --prefix "$$RAW_PREFIX"

deb: engine ## make a Debian package in build/packages
	@scripts/setup package
	cd $(BUILD)/release && cpack -G DEB

format: setup-test ## clang-format every source file
	git ls-files '*.cc' '*.h' | xargs clang-format-14 -i

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup-engine:
	@scripts/setup engine

setup-test:
	@scripts/setup engine test distill

# Ninja configures again by itself when a CMake file changes, presets excepted.
$(BUILD)/%/build.ninja: CMakePresets.json | setup-engine
	cmake --preset $*
