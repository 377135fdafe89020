/*
 * The command line's side of the Engine API: endpoints, requests and answers, over a unix socket or TCP. Blocking.
 *
 * A client keeps one connection for requests that are answered whole, one after the other. What lasts (wait, logs,
 * attach) gets a connection of its own, a struct client_stream.
 */
#pragma once

#include "cli/http_response.h"

#include "base/arena.h"
#include "base/json.h"

enum { CLIENT_BODY_MAX = 64 << 20, CLIENT_READ = 64 << 10 };

struct endpoint {
	bool tcp;
	char text[256]; /* as people write it: "unix:///run/tug/tug.sock", "tcp://host:port" */
	char path[108]; /* of the socket, or the host */
	char port[8];
};

/* "unix:///path", "tcp://host[:port]" (2375), or a path that begins with "/". -EINVAL. */
int endpoint_parse(const char *text, struct endpoint *out_endpoint, struct err *err) must_check;
int endpoint_connect(const struct endpoint *endpoint, int *out_fd, struct err *err) must_check;

struct client_stream {
	int fd;	       /* -1: none */
	struct buf in; /* received, not yet given out */
	struct http_response head;
	struct http_body body;
};

struct client {
	struct endpoint endpoint;
	struct client_stream stream;			      /* the connection that is kept */
	struct arena arena;				      /* of the last answer */
	int (*start)(struct client *client, struct err *err); /* tried once when nobody listens; NULL: not */
};

void client_init(struct client *client, const struct endpoint *endpoint);
void client_done(struct client *client);

/* Connects; starts an engine once when nobody listens and that is wanted. */
int client_connect(struct client *client, int *out_fd, struct err *err) must_check;

/* A body that is made while it is sent. */
struct client_body {
	/* Lends 1 byte or more; *out_size 0 is the end. A failure ends the connection. */
	int (*next)(struct client_body *body, const void **out_data, size_t *out_size, struct err *err);
};

struct client_request {
	const char *method;
	const char *path;	     /* with the query, escaped (path_escape) */
	const char *json;	     /* a JSON body, or NULL */
	const char *registry_auth;   /* the value of X-Registry-Auth, or NULL */
	const char *registry_config; /* of X-Registry-Config, or NULL */
	int body_fd;		     /* with body: a stream as the body, in chunks */
	bool body;
	struct client_body *made_body; /* the same from a function, or NULL */
	bool upgrade;		       /* asks for the connection as a raw stream */
};

/* "a/b c" as a part of a path or query: what is not a letter, a digit or one of "-_.~" becomes %XX. */
void path_escape(struct buf *out, const char *text);

/*
 * Sends a request and reads the whole answer into the client's arena. A status of 400 or more is an error with the
 * engine's message as text and the code that belongs to the status (docker/error.h); 304 is -EALREADY.
 * out_body may be NULL. A connection that the engine closed while it was idle is opened again once.
 */
int client_call(struct client *client, const struct client_request *request, const char **out_body, size_t *out_size,
		struct err *err) must_check;

/* The same for an answer that is one JSON document. */
int client_json(struct client *client, const struct client_request *request, const struct json **out_value,
		struct err *err) must_check;
int client_struct(struct client *client, const struct client_request *request, const struct json_table *table,
		  void *out_struct, struct err *err) must_check;

/* Sends a request on a connection of its own and reads the head of the answer; errors as client_call. */
int client_open(struct client *client, const struct client_request *request, struct client_stream *out_stream,
		struct err *err) must_check;
void client_stream_done(struct client_stream *stream);

/* Up to size bytes of the body: their count, 0 at its end. -EPROTO when it breaks off. */
ssize_t client_stream_read(struct client_stream *stream, void *data, size_t size, struct err *err) must_check;
int client_stream_all(struct client_stream *stream, struct buf *out, struct err *err) must_check;
