/*
 * The server's side of a connection: reads requests one after the other, calls the route's handler, sends the answer.
 *
 * A connection answers one request at a time; what a client sends ahead waits in the kernel. While idle it holds no
 * buffers. Limits: a request's head by http_head.h, EXCHANGE_BODY_MAX for collected bodies, a time for heads, bodies
 * and answers to make progress (streams may rest as long as both sides like).
 */
#pragma once

#include "api/exchange.h"
#include "api/http_head.h"

#include "base/loop.h"

enum {
	EXCHANGE_BODY_MAX = 4 << 20,	/* a JSON body */
	EXCHANGE_ANSWER_MAX = 64 << 20, /* of an answer that waits for its reader */
	EXCHANGE_ROOM = 64 << 10,	/* of a streamed answer, until the reader is slow */
};

struct listener {
	struct api *api;
	struct loop_io io;
	bool tcp;
};

struct api {
	struct loop *loop;
	struct engine *engine;
	struct listener *listeners;
	size_t listener_count;
	struct loop_timer accept_timer; /* after the process ran out of descriptors */
	struct connection *first;	/* the one that was opened last */
	uint32_t count, max;
	char host[256]; /* the name of this host */
};

enum connection_state {
	CONNECTION_HEAD,   /* waiting for, or reading a head */
	CONNECTION_BODY,   /* reading a body */
	CONNECTION_ANSWER, /* the request is complete, the handler has it */
	CONNECTION_LINGER, /* answered for the last time; reading what the client still sends, so that it sees the
			      answer */
	CONNECTION_GIVEN,  /* hijacked: fd is -1 */
};

struct connection {
	struct exchange exchange;
	struct api *api;
	struct connection *next, *previous;
	struct loop_io io;
	struct loop_task task;
	struct loop_timer timer;
	struct buf in;
	size_t searched; /* of in, for the end of the head */
	struct buf out;
	size_t sent;	   /* of out */
	struct buf fields; /* headers that the handler adds */
	struct http_head head;
	struct http_body body;
	enum connection_state state;
	bool tcp;
	bool scheduled;	 /* task is in the loop */
	bool active;	 /* the exchange has begun and is not answered */
	bool handled;	 /* its handler was called */
	bool answered;	 /* its answer is complete in out */
	bool streaming;	 /* its answer was begun by exchange_stream */
	bool chunked;	 /* ... in chunks; else it ends with the connection */
	bool body_rests; /* the handler took less than was offered */
	bool filled;	 /* the handler was told that there is no room */
	bool last;	 /* no request after this one */
	bool aborted;
	bool peer_ended; /* the client's half is closed */
};

void connection_open(struct api *api, int fd, bool tcp); /* owns fd */
void connection_close(struct connection *connection);	 /* calls `gone` when a handler is at work */
void connection_schedule(struct connection *connection); /* go on in this turn of the loop */

static inline struct connection *connection_of(struct exchange *x)
{
	return container_of(x, struct connection, exchange);
}

/* Resolves version, path and query, finds the route; answers the client and returns false when there is none. */
bool exchange_begin(struct exchange *x);
