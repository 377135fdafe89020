/*
 * The messages between the engine and a container's monitor: one SOCK_SEQPACKET packet each, a fixed head and a tail,
 * descriptors beside them. Both ends are the same build's programs and run as root, yet every packet is checked.
 *
 * Session 0 is the container itself, others are exec sessions, numbered by the engine.
 */
#pragma once

#include "base/error.h"

#include <stdint.h>

enum {
	MONITOR_TAIL_MAX = 32 << 10,
	MONITOR_FDS_MAX = 16,
	MONITOR_KEYS_MAX = 16,
	MONITOR_VERSION = 2,
};

enum monitor_type {
	/* engine to monitor */
	MONITOR_START = 1, /* tail: log_options.h; fds: the plan in a sealed file, then what the plan's slots name */
	MONITOR_HELLO,	   /* from an engine that came later; answered by STATUS */
	MONITOR_ATTACH,	   /* fds: the client's connection; tail: what was already read from it */
	MONITOR_RESIZE,
	MONITOR_EXEC, /* fds: the exec plan in a sealed file, then, unless detached, the client; tail as ATTACH */
	MONITOR_SIGNAL,
	MONITOR_PAUSE, /* answered by DONE, as the next two */
	MONITOR_RESUME,
	MONITOR_UPDATE, /* tail: settings of the control group (settings.h) */
	MONITOR_BYE,	/* the exit is recorded: the monitor may end */
	/* monitor to engine */
	MONITOR_STARTED,
	MONITOR_FAILED, /* tail: struct err; session: the step */
	MONITOR_STATUS,
	MONITOR_EXITED, /* tail: struct exit_record */
	MONITOR_EXEC_STARTED,
	MONITOR_EXEC_FAILED, /* tail: struct err */
	MONITOR_EXEC_EXITED,
	MONITOR_OOM,	     /* tail: struct oom_record, of what was ended so far */
	MONITOR_LOG_DROPPED, /* time_ns: how many messages a remote log did not take */
	MONITOR_DONE,	     /* code: 0 or an errno value; tail: struct err when it failed */
	MONITOR_TYPE_END,
};

enum monitor_flag {
	MONITOR_TTY = 1,
	MONITOR_OPEN_STDIN = 2, /* standard input is a pipe that stays open without a client */
	MONITOR_STDIN_ONCE = 4, /* ... and is closed when the first client's input ends */
	MONITOR_IN = 8,		/* ATTACH, EXEC: what the client takes part in */
	MONITOR_OUT = 16,
	MONITOR_ERR = 32,
	MONITOR_OOM_KILLED = 128, /* STATUS, EXITED */
	MONITOR_RUNNING = 256,	  /* STATUS */
	MONITOR_PROBE = 512,	  /* EXEC: a health check: its client reads plain bytes, time_ns is its time-out, and
				   * what it leaves behind ends with it; one at a time */
	MONITOR_TIMED_OUT = 1024, /* EXEC_EXITED */
	MONITOR_PAUSED = 2048,	  /* STATUS */
	MONITOR_FLAGS_ALL = 4095,
};

/* What a start that failed was at. */
enum monitor_step {
	MONITOR_STEP_PLAN = 1,
	MONITOR_STEP_LOG,
	MONITOR_STEP_STREAMS,
	MONITOR_STEP_SETUP,   /* groups, namespaces, mounts, privileges */
	MONITOR_STEP_PROGRAM, /* the program itself */
};

struct monitor_message {
	uint32_t version;
	uint32_t type;
	uint32_t session; /* STATUS: the highest number in use */
	uint32_t flags;
	int32_t pid;		/* STARTED, STATUS, EXEC_STARTED */
	int32_t code;		/* exit code 0..255 of EXITED, EXEC_EXITED, FAILED (125..127), SIGNAL's number */
	uint16_t height, width; /* RESIZE; START and EXEC with a terminal: its first size, 0 for none */
	uint8_t key_count;	/* ATTACH, EXEC: bytes of the detach sequence; 0: none */
	uint8_t keys[MONITOR_KEYS_MAX];
	uint8_t reserved[3]; /* zero, as the other gaps: the struct has no padding */
	int64_t time_ns;     /* wall clock: when it started or ended; EXEC of a probe: a length */
	uint32_t tail_size;
	uint32_t reserved2;
	char id[65]; /* START, STATUS: the container's ID */
	uint8_t reserved3[7];
};

/* A received packet. fds are owned by the receiver and -1 when taken. */
struct monitor_packet {
	struct monitor_message head;
	char *tail; /* heap; NULL when empty */
	int fds[MONITOR_FDS_MAX];
	size_t fd_count;
};
void monitor_packet_done(struct monitor_packet *packet); /* closes what was not taken */

/* Sends; head.version and head.tail_size are set here. The fds stay open. -errno. */
int monitor_send(int socket, struct monitor_message *head, const void *tail, size_t tail_size, const int *fds,
		 size_t fd_count) must_check;

/* 1: a packet, 0: the other end is gone, -EAGAIN, -EPROTO for one that is not well formed (nothing leaks), -errno. */
int monitor_receive(int socket, struct monitor_packet *out_packet) must_check;

/* The check of a received packet, apart from the socket: what the fuzzer feeds. -EPROTO. */
int monitor_check(const void *data, size_t size, size_t fd_count) must_check;
