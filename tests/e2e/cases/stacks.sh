# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Random layer stacks read as the engine's containers show them. By hand for longer, or one again:
# STACKS=200 STACKS_SEED=1 tests/e2e/run stacks
exec "$(dirname "$0")/../stacks" --count "${STACKS:-4}" ${STACKS_SEED:+--seed "$STACKS_SEED"}
