/*
 * A process of the container with its standard streams: the container's own (session 0) or one of exec. Between pipes
 * or a terminal on one side, the log and the attached clients on the other. Runs in the monitor; owns its descriptors.
 */
#pragma once

#include "base/buffer.h"
#include "base/loop.h"
#include "monitor/attached.h"
#include "monitor/output_log.h"

struct session_output {
	struct session *session;
	struct loop_io io;
	int fd;		/* -1: over */
	uint8_t stream; /* 1 or 2 */
};

struct session {
	struct loop *loop;
	struct session *next;
	uint32_t number;
	bool tty, stdin_once, framed;
	int pid;
	struct loop_child child;
	bool exited;
	int status; /* as from waitpid */
	struct session_output outputs[2];
	bool output_paused;
	int in_fd; /* -1: none */
	struct loop_io in;
	struct buf input; /* what the process has not taken yet */
	bool input_closes;
	struct output_log *log; /* NULL: none; the owner's */
	struct attached *clients;
	struct loop_timer grace;
	struct loop_timer limit; /* of a probe: how long it may take */
	bool probe, timed_out;
	bool told;
	void (*over)(struct session *session); /* once: the process has ended and all that it wrote was read */
	void (*client_gone)(struct session *session);
};

/* flags of monitor/protocol.h. */
struct session *session_new(struct loop *loop, uint32_t number, uint32_t flags);
void session_free(struct session *session);

/* Pipes: the process's ends, owned by the caller; out_stdio[0] is -1 without MONITOR_OPEN_STDIN. Not for a terminal. */
int session_pipes(struct session *session, uint32_t flags, int out_stdio[3], struct err *err) must_check;
/* The terminal's master; owned from here on, also after an error. */
int session_console(struct session *session, int master, struct err *err) must_check;
/* Before the process writes. */
int session_watch(struct session *session, struct err *err) must_check;
int session_child(struct session *session, int pid, struct err *err) must_check;

void session_resize(struct session *session, uint16_t height, uint16_t width);
int session_exit_code(const struct session *session); /* 0..255, 128 and the signal */

/* --- for attached.c --- */
void session_input(struct session *session, const char *data, size_t size);
void session_input_over(struct session *session);
bool session_input_full(const struct session *session);
void session_output_resume(struct session *session);
void session_client_gone(struct session *session);
