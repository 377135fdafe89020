/*
 * Reports of a process that is being made, as its maker reads them. For apply.c and exec.c; base only.
 */
#pragma once

#include "runtime/apply_child.h"

struct apply_message {
	struct apply_report report;
	pid_t pid; /* of the sender, as we see it */
	int fd;	   /* that came along, or -1; the reader's */
};

int apply_socket_pair(int out_pair[2], struct err *err) must_check; /* [0] is the maker's */

/* -ENODATA: the other end has closed without a word. out_message->fd is set in any case. */
int apply_message_read(int socket, struct apply_message *out_message, struct err *err) must_check;
int apply_answer_send(int socket, const char *state, struct err *err) must_check;
