/*
 * Why a container ended, or could not be started: one sentence for people, and the same for programs. tug's own member
 * of inspect (State.Death) and of the list (Reason, ReasonKind).
 */
#pragma once

#include "base/json.h"

struct death_oom {
	int64_t limit; /* bytes; 0: not known */
	int64_t kills;
	int64_t victim_pid; /* as the host counts; 0: not known */
	char *victim_name;
};
JSON_DECLARE(death_oom);

struct container_death {
	char *kind;   /* "exit", "signal", "oom", "health", "start", "monitor", "reboot" */
	char *reason; /* the sentence */
	int64_t exit_code;
	int64_t signal;	   /* that ended it; 0: none */
	char *signal_name; /* "SIGKILL" */
	char *sender;	   /* "user", "engine", "kernel", "process": whose will it was; "": its own */
	char *step;	   /* of a start that failed: "network", "program", ... */
	struct death_oom *oom;
};
JSON_DECLARE(container_death);

enum death_cause {
	DEATH_ITSELF,  /* nobody asked for it */
	DEATH_STOP,    /* the user: stop, restart */
	DEATH_KILL,    /* the user: kill */
	DEATH_REMOVE,  /* the user: rm -f */
	DEATH_HEALTH,  /* its health check */
	DEATH_MONITOR, /* its monitor is gone */
	DEATH_REBOOT,  /* the machine stopped */
	DEATH_START,   /* it was not started */
};

struct death_facts {
	enum death_cause cause;
	int exit_code;
	int signal; /* 0: it ended by itself */
	bool core;
	int sent;	 /* the last signal sent through the engine; 0: none */
	bool grace_over; /* a stop's time was up: SIGKILL followed */
	int64_t grace_s;
	int pid;		  /* of its first process */
	struct death_oom oom;	  /* kills 0: none */
	const char *error, *step; /* of DEATH_START; of DEATH_HEALTH error is the check's last output */
};

/* In the arena. */
void death_describe(struct arena *arena, const struct death_facts *facts, struct container_death *out_death);

/* "SIGTERM", "SIGRTMIN+3"; "signal 99". */
const char *death_signal_name(struct arena *arena, int number);
