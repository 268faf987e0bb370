# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Archives that lie and images that are large: a clear error or a sound tree, in bounded memory.
exec "$(dirname "$0")/../hostile"
