/*
 * A container that runs or is being started: the connection to its monitor, who waits for what, and its exec sessions.
 * Inside the engine only.
 */
#pragma once

#include "engine/call.h"
#include "engine/container.h"
#include "monitor/protocol.h"

struct exec {
	struct engine *engine;
	struct exec *next; /* in the engine's list, which keeps ended ones while their container lives */
	struct container *container;
	char id[ID_TEXT];
	uint32_t session;
	struct arena arena; /* of the configuration */
	struct exec_config config;
	bool started, running, probe;
	int pid, exit_code;	      /* exit_code: valid once it is started and not running */
	struct engine_call *starting; /* detached: told when it runs */
};

/* A client that attached before the container was started. */
struct early_client {
	struct early_client *next;
	int fd;
	struct monitor_message message;
	char *preface;
	size_t preface_size;
};

/* Something that the monitor was asked to do; answered in order. */
struct act {
	struct act *next;
	struct engine_call *call; /* told at the end; NULL: nobody */
	/* rc and err: what the monitor answered, or that it is gone. Returns, with err, what the caller is told. */
	int (*done)(struct run *run, void *context, int rc, struct err *err);
	void *context; /* done frees it */
};

struct run {
	struct container *container;
	int socket; /* to the monitor */
	struct loop_io io;
	struct engine_call *starting, *stopping, *removing;
	struct engine_call *restarting;
	int64_t began_ns;	       /* monotonic: when it started, as far as is known */
	struct loop_timer kill_timer;  /* the grace of a stop */
	struct loop_timer stuck_timer; /* after SIGKILL: the end that does not come */
	bool started, remove_after;
	bool restart_after; /* unhealthy: it is started again when it has ended */
	struct {	    /* a stop that came while it was being started */
		bool asked;
		int signal;
		int64_t seconds;
	} late;
	enum death_cause cause; /* who asked for its end */
	bool grace_over;
	int64_t grace_s;
	int sent; /* the last signal */
	uint32_t sessions;
	struct act *acts;
};

/* --- run.c: the monitor --- */

/* Starts the monitor of a container that is STARTING. What goes wrong later comes as a message. */
int run_start(struct container *container, struct engine_call *call, struct err *err) must_check;
/* After a restart of the engine: takes up the monitor that is there. -ENOENT when none answers. */
int run_adopt(struct container *container, struct err *err) must_check;
int64_t run_length(const struct run *run); /* how long it has run; a clock that is set does not matter */
int run_send(struct run *run, struct monitor_message *message, const void *tail, size_t size, const int *fds,
	     size_t count, struct err *err) must_check;
/* Sends, and calls done when the monitor has answered, or is gone. call may be NULL. */
int run_act(struct run *run, struct monitor_message *message, const struct buf *tail,
	    int (*done)(struct run *run, void *context, int rc, struct err *err), void *context,
	    struct engine_call *call, struct err *err) must_check;
void run_free(struct run *run); /* the monitor goes on */
/* Monitors are children of the engine that started them, longer than their runs. They go on; nobody reaps them any
 * more.
 */
void run_forget_children(struct engine *engine);

/* --- exec.c --- */

/* A health check, on its way: health_probed follows. output: the other end is written to; kept. */
int exec_probe(struct container *container, const struct exec_config *config, int64_t timeout_ns, int output,
	       struct err *err) must_check;
void exec_message(struct run *run, const struct monitor_packet *packet);
void exec_run_over(struct container *container); /* no session lives longer than its container */
void exec_forget(struct container *container);
char **run_exec_ids(const struct container *container, struct arena *arena); /* NULL without any */

/* --- attach.c --- */

int attach_send_early(struct container *container, struct err *err) must_check; /* behind START */
void attach_drop_early(struct container *container);
/* "ctrl-p,ctrl-q" as bytes. -EINVAL. */
int attach_keys(const char *text, struct monitor_message *message, struct err *err) must_check;
