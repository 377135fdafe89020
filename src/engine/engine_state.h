/*
 * The engine itself. Inside the engine only.
 */
#pragma once

#include "engine/container.h"
#include "engine/event_bus.h"
#include "image/store.h"
#include "network/network.h"
#include "security/seccomp_profile.h"

struct engine {
	struct loop *loop;
	struct arena config_arena;
	struct engine_config config; /* copied */
	int data, run;		     /* directories DATA and RUN */
	struct database *database;
	struct image_store *images;
	struct networks *networks;
	struct names *names;			/* names.h */
	struct network_record *network_records; /* newest first */
	struct arena seccomp_arena;
	const struct seccomp_profile *seccomp_default; /* decoded with the first container */
	int seccomp_cache;			       /* directory of compiled filters */
	struct container *containers;		       /* newest first */
	struct exec *execs;
	struct engine_job *jobs;
	struct pull_work *pulls; /* registry_pull.c */
	struct task *tasks;
	bool volumes_unswept;	    /* a directory of one that is removed could not be thrown away yet */
	char **volumes_left;	    /* that could not be taken back yet: tried again before volumes are looked at */
	struct creation *creations; /* containers that are not in the record yet */
	struct engine_build *builds;
	struct build_session *build_sessions;
	struct monitor_child *monitors; /* that this engine started and that have not ended */
	struct event_bus bus;
	struct loop_task queue_task; /* restarts after the engine's start (restart.h) */
	unsigned queue_busy;
	char *id;   /* of this engine, for info */
	char *boot; /* of this run of the machine */
	bool cgroup_v2;
	bool apparmor, apparmor_default; /* it is on; the default profile is loaded */
	char *tugd;			 /* path of our own program, for jobs */
	int monitor;			 /* tug-monitor, sealed: a container can reach it as /proc/PID/exe */
	char *reaper;			 /* path of tug-reaper, or NULL where it is not installed */
};
