/*
 * A container's streams on our standard streams: attach, exec, and the foreground of run and start.
 *
 * With a terminal in the container ours becomes raw, its size is passed on, and the detach keys leave. Without one,
 * signals that we get are sent to the container (sig_proxy).
 */
#pragma once

#include "cli/command.h"

struct session {
	struct cli *cli;
	struct client_stream *stream; /* hijacked, behind its head */
	bool tty;
	bool in; /* our standard input is sent */
	const char *detach_keys;
	const char *resize_path; /* "/containers/ID/resize", NULL: none */
	const char *kill_path;	 /* "/containers/ID/kill", NULL: signals end us */
};

enum session_end { SESSION_ENDED, SESSION_DETACHED };

/*
 * Blocks the signals that session_run deals with, so that none is lost while the container is being made. Once, before
 * that. sig_proxy: all that a container may want; otherwise those that end us or tell a new size of the terminal.
 */
void session_signals(bool sig_proxy);

int session_run(struct session *session, enum session_end *out_end, struct err *err) must_check;

/* The terminal's size to the container; a container that is not ready yet or gone is fine. */
void session_resize(struct session *session);
