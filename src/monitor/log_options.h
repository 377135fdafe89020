/*
 * How a container's output is kept, as the engine tells the monitor in START's tail: a line per member, "NAME=VALUE".
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"

#include <stdint.h>

enum { LOG_ATTRIBUTES_MAX = 8192, LOG_BUFFER_DEFAULT = 1 << 20 };

struct log_options {
	char *file;	  /* below DATA/containers/ID; "": none */
	char *attributes; /* members of a JSON object, for every line of the file; "": none */
	char *remote;	  /* "syslog", "journald"; "": none */
	char *address;	  /* of syslog: "unixgram:///dev/log", "udp://1.2.3.4:514", "tcp://...", "unix://..." */
	char *format;	  /* of syslog: "rfc3164", "rfc5424", "rfc5424micro" */
	char *tag;
	char *id, *name, *image; /* of the container, for the journal */
	int64_t facility;
	int64_t size, files; /* of the file: bytes after which it is rotated (0: never), how many are kept */
	int64_t buffer;	     /* bytes that wait for a remote that is slow; what does not fit is dropped and counted */
};

void log_options_encode(struct buf *out, const struct log_options *options);
/* -EPROTO. Strings that are not there are "". In the arena. */
int log_options_decode(struct arena *arena, const char *text, size_t size, struct log_options *out_options,
		       struct err *err) must_check;
