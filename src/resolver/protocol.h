/*
 * The messages between the engine and tug-resolver: one SOCK_SEQPACKET packet each, a head and a tail, descriptors
 * beside them. Both run as root and check each other by SO_PEERCRED, yet every packet is checked. A resolver outlives
 * its engine; the next one says anew what there is, between SYNC and SYNCED.
 */
#pragma once

#include "base/json.h"

enum { RESOLVER_VERSION = 1, RESOLVER_TAIL_MAX = 160 << 10, RESOLVER_FDS_MAX = 3, RESOLVER_ID_MAX = 64 };

enum resolver_type {
	/* engine to resolver */
	RESOLVER_PUT = 1, /* tail: resolver_entry as JSON; fds: none, or sockets for UDP and TCP, and their namespace */
	RESOLVER_DROP,	  /* tail: the ID */
	RESOLVER_WATCH,	  /* tail: the ID; fds: a pidfd, with whose end the entry goes, also without an engine */
	RESOLVER_SYNC,	  /* from here on all entries are told anew */
	RESOLVER_SYNCED,  /* those that were not are dropped */
	/* resolver to engine */
	RESOLVER_LACKS, /* tail: the ID of a PUT for which there are no sockets */
	RESOLVER_TYPE_END,
};

/* A container's place in a network that has names. */
struct resolver_place {
	char *network, *network_name; /* ID and name */
	char *four, *six;	      /* addresses; "": none */
	char **names;		      /* the first one is told for its address */
	char **links;		      /* "NAME:ALIAS": seen by this container only */
};
JSON_DECLARE(resolver_place);

struct resolver_entry {
	char *id;
	bool forwards;	/* it may ask the world outside: not only internal networks */
	char **servers; /* --dns, asked from its own namespace; NULL: the host's of this moment */
	JSON_LIST(struct resolver_place) places;
};
JSON_DECLARE(resolver_entry);

/* A received packet. fds are owned by the receiver and -1 when taken; the tail ends with a NUL. */
struct resolver_packet {
	enum resolver_type type;
	char *tail;
	size_t size;
	int fds[RESOLVER_FDS_MAX];
	size_t fd_count;
};
void resolver_packet_done(struct resolver_packet *packet);

/* The fds stay open. -EAGAIN: not now; -E2BIG; -errno. */
int resolver_send(int socket, enum resolver_type type, const void *tail, size_t size, const int *fds,
		  size_t fd_count) must_check;
/* 1: a packet, 0: the other end is gone, -EAGAIN, -EPROTO for one that is not well formed (nothing leaks), -errno. */
int resolver_receive(int socket, struct resolver_packet *out_packet) must_check;
