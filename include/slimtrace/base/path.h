/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths as bytes: nothing here touches a file system. */
#ifndef SLIMTRACE_BASE_PATH_H
#define SLIMTRACE_BASE_PATH_H

#include <stdbool.h>

#include "slimtrace/base/strbuf.h"

/*
 * An absolute path without "//", "." and "..", nothing after the last component but for "/"
 * itself. A relative @path counts from "/"; ".." above the root stays there. Only for paths
 * in which no symlink matters; see image_walk() for the others.
 */
char *path_normalize(const char *path);
/* @dir "/" @name with exactly one slash between; @name alone when it is absolute. */
char *path_join(const char *dir, const char *name);
/* The part after the last slash: borrowed from @path. */
const char *path_basename(const char *path);
/* True when @path is @prefix or lies below it; both normalized. */
bool path_is_under(const char *path, const char *prefix);

#endif
