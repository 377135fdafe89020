/*
 * A client for D-Bus (dbus.freedesktop.org/doc/dbus-specification.html), as much of it as asking systemd for a unit
 * takes: unix sockets, EXTERNAL authentication, little-endian messages, one call at a time. Every wait ends after
 * DBUS_WAIT_S seconds. base only: Debian has no D-Bus library that goes into a static program (libdbus-1.a wants
 * libsystemd, which has no archive), and tug-monitor links none.
 */
#pragma once

#include "base/buffer.h"

#include <stddef.h>

enum { DBUS_WAIT_S = 30, DBUS_MESSAGE_MAX = 1 << 20 };

enum dbus_kind { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

struct dbus_message {
	enum dbus_kind kind;
	uint32_t serial, reply_to;
	const char *path, *interface, *member, *error, *signature; /* NULL when absent; in the message's own bytes */
	const char *body;
	size_t body_size;
};

struct dbus {
	int fd;
	uint32_t serial;
	struct buf in;	    /* what was read and not yet taken */
	struct buf message; /* the one that was taken last */
};

/* user: the session's bus. */
int dbus_connect(bool user, struct dbus *out_bus, struct err *err) must_check;
void dbus_done(struct dbus *bus);

/* Bodies: append with these, the signature goes with the call. */
void dbus_put_u32(struct buf *body, uint32_t value);
void dbus_put_u64(struct buf *body, uint64_t value);
void dbus_put_text(struct buf *body, const char *text); /* also an object path */
void dbus_put_signature(struct buf *body, const char *text);
size_t dbus_put_array(struct buf *body, size_t align); /* returns what dbus_end_array takes */
void dbus_end_array(struct buf *body, size_t begin, size_t align);
void dbus_align(struct buf *body, size_t align);

struct dbus_call {
	const char *destination, *path, *interface, *member, *signature;
	const struct buf *body; /* NULL: none */
};
/*
 * Returns when the answer is there; *out_answer lives until the next call. An error's text is the peer's own; its name
 * is in *out_answer->error (-EREMOTEIO).
 */
int dbus_call(struct dbus *bus, const struct dbus_call *call, struct dbus_message *out_answer,
	      struct err *err) must_check;

/* The next message of any kind. */
int dbus_next(struct dbus *bus, struct dbus_message *out_message, struct err *err) must_check;

/* Reads one message; *out_size is how many bytes it takes, 0 when data is too short yet. Pure. -EPROTO. */
int dbus_parse(const char *data, size_t size, struct dbus_message *out_message, size_t *out_size,
	       struct err *err) must_check;

/* Strings of a body, one after another ("s", "o"); *at begins at 0. NULL at the end or where it is damaged. */
const char *dbus_get_text(const struct dbus_message *message, size_t *at);
bool dbus_get_u32(const struct dbus_message *message, size_t *at, uint32_t *out_value);
