/* SPDX-License-Identifier: BSD-2-Clause */
/* A watch under way, for the files that it is made of. */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include <sys/types.h>

#include "slimtrace/record.h"
#include "slimtrace/trace.h"
#include "slimtrace/watch.h"

/* One container or cgroup. */
struct watched {
	uint32_t target; /* the tracer's number */
	char id[65];	 /* the container's; "" for a cgroup */
	char *name;	 /* of its record: the container's, the cgroup's directory's, or the ID's
			    beginning */
	cJSON *inspect;	 /* the container, as the engine tells it; NULL: it does not know it */
	cJSON *image;	 /* likewise */
	char *file;	 /* its record, in the directory */
	bool attached;	 /* it ran before */
	cJSON *told;	 /* its item of the result, once a record was written; borrowed */
};

struct watch {
	const struct watch_opts *opts;
	struct watch_result *result;
	struct engine *engine; /* NULL: none is there, and none is needed */
	struct trace *trace;
	int dir; /* where records go */
	struct watched *all;
	size_t n, cap;
	size_t cgroups;	     /* of --cgroup that are over */
	struct strvec over;  /* IDs of containers that are over */
	struct strvec files; /* names of records that are taken */
	pid_t command;	     /* -1: it has ended, or there is none */
	int command_fd;	     /* readable when it has */
	uint64_t looked_ms;  /* when it was looked for what runs */
	bool looked_twice;
	int asked;	  /* how often it was asked to end */
	uint64_t crowded; /* containers of which that was told */
};

/* select.c: whether the container @id is wanted, of which the engine's words are added to @w. */
bool watch_wants(struct watch *watch, struct watched *w);
/* Attaches to containers that run, are wanted, and are not watched. */
int watch_attach_running(struct watch *watch, struct err *err);
int watch_attach_cgroups(struct watch *watch, struct err *err);
/* Tells which of --container are not watched now. */
void watch_tell_missing(const struct watch *watch);
/* Whether all that was named, by containers and cgroups alone, is over. */
bool watch_all_over(const struct watch *watch);

/* store.c */
int watch_open_output(struct watch *watch, struct err *err);
/* Writes the record of @w, @last when it is over. */
int watch_store(struct watch *watch, struct watched *w, struct record *rec, bool last,
		struct err *err);
void watched_release(struct watched *w);

/* command.c */
int watch_start_command(struct watch *watch, struct err *err);
/* When we were asked to end, so is the command. */
void watch_ask_command(struct watch *watch);
void watch_wait_command(struct watch *watch);
/* Once command_fd is readable: its exit status is in the result. */
void watch_reap_command(struct watch *watch);

/* watch.c: takes @w in. */
void watch_add(struct watch *watch, const struct watched *w);

#endif
