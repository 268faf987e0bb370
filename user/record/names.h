/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that the JSON form uses for numbers, in both directions. */
#ifndef SLIMTRACE_RECORD_NAMES_H
#define SLIMTRACE_RECORD_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "slimtrace/record.h"

/* A table: the word of n is at index n. */
struct names {
	const char *const *v;
	size_t n;
};

extern const struct names record_sources, record_entries, record_abis, record_phases, record_uses;

/* The number of @name, or -1. */
int names_find(const struct names *names, const char *name);

/* The kind that record_kind_name() calls @name, or 0. */
uint32_t record_kind_find(const char *name);

/* "tcp", "udp", ...; NULL for others. */
const char *protocol_name(uint8_t protocol);

/* One counter of struct record_loss. */
struct loss_name {
	const char *name;
	size_t offset;
};
#define RECORD_LOSSES 6
extern const struct loss_name record_losses[RECORD_LOSSES];

#endif
