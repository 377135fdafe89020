/*
 * The confined process that reads packets: one for all containers of an engine. It holds the sockets that the engine
 * made at 127.0.0.11 inside the containers' network namespaces (guests), answers names of their networks, and forwards
 * all else.
 *
 * It goes on without an engine, takes the next one's connection, and ends when it has neither an engine nor a guest.
 *
 * Bounds: GUEST_ASKS_MAX questions on their way outside and GUEST_CLIENTS_MAX connections for each guest, ASKS_MAX and
 * CLIENTS_MAX in all; a question above that is refused. Each server has its share of ASK_TIME, the client gets an error
 * after that. A connection is closed after CLIENT_TIME without a question.
 */
#pragma once

#include "base/loop.h"
#include "resolver/answer.h"
#include "resolver/upstream.h"

#include <netinet/in.h>

enum { ASKS_MAX = 2048, GUEST_ASKS_MAX = 256, CLIENTS_MAX = 512, GUEST_CLIENTS_MAX = 32, REPLY_MAX = 2 + PACKET_MAX };
#define ASK_TIME_NS 4500000000LL
#define ASK_SERVER_MIN_NS 1000000000LL
#define CLIENT_TIME_NS 10000000000LL
#define HOST_FRESH_NS 1000000000LL   /* how old what is known of the host's servers may be */
#define ORPHAN_TIME_NS 60000000000LL /* without an engine: a guest that no process was named for */

struct worker {
	struct loop *loop;
	struct table table;
	struct map guests; /* by ID */
	int keeper, listener, engine;
	struct loop_io listener_io, engine_io, keeper_io;
	struct loop_timer orphans;
	struct guest *dropped; /* to be freed at the end of the turn, as the next ones */
	struct client *dropped_clients;
	struct loop_task bury;
	size_t asks, clients;
	struct upstream host[UPSTREAMS_MAX]; /* the host's servers */
	size_t host_count;
	int64_t host_read_ns; /* 0: never */
};

struct guest {
	struct worker *worker;
	struct guest *next; /* of the dropped ones */
	char *id;
	const struct table_entry *entry;
	bool forwards, told;	  /* told: since the last SYNC */
	struct upstream *servers; /* its own */
	size_t server_count;
	int udp, tcp, space; /* -1: none */
	int process;	     /* pidfd; -1 */
	struct loop_io udp_io, tcp_io, process_io;
	struct client *clients;
	size_t client_count;
	struct ask *asks;
	size_t ask_count;
};

/* Where an answer goes: a datagram's sender, or a connection. */
struct asker {
	struct client *client; /* NULL: a datagram */
	struct sockaddr_in from;
	uint16_t id;
};

/* engine: -1: none yet. The descriptors are the worker's from here on. Runs until it has nothing to do. */
int worker_run(int engine, int listener, int keeper, struct err *err) must_check;

/* --- guest.c --- */

/* sockets: UDP, TCP, namespace; NULL: those that are there. */
void guest_put(struct worker *worker, const struct resolver_entry *entry, int sockets[3]);
struct guest *guest_find(const struct worker *worker, const char *id); /* NULL */
void guest_watch(struct guest *guest, int process);
void guest_drop(struct guest *guest);
void guests_bury(struct worker *worker);
/* One question, in bytes that it may change. */
void guest_ask(struct guest *guest, const struct asker *asker, uint8_t *bytes, size_t size);
void guest_reply(struct guest *guest, const struct asker *asker, const void *bytes, size_t size);

/* --- link.c --- */

/* All that the engine has said by now. */
void link_drain(struct worker *worker);
int link_open(struct worker *worker, struct err *err) must_check;
void link_close(struct worker *worker);

/* --- worker.c --- */

void worker_settle(struct worker *worker); /* ends it when nothing is left to do */
void worker_bury(struct worker *worker);   /* at the end of this turn */

/* --- client.c --- */

void client_accept(struct guest *guest);
void client_reply(struct client *client, const void *bytes, size_t size);
void client_drop(struct client *client);
void clients_bury(struct worker *worker);

/* --- forward.c --- */

/* Asks others; the answer, or an error, goes to the asker. */
void forward_start(struct guest *guest, const struct asker *asker, const uint8_t *bytes, size_t size);
void forward_drop(struct ask *ask);
void forward_forget(struct guest *guest, const struct client *client); /* what it asked for; NULL: all */
