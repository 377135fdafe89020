/*
 * Layers unpacked while they are still on their way: a few worker processes, started before the job is confined, each
 * confined more strictly than the job itself (no network). A worker gets the descriptor of a growing file and follows
 * it: inflate, hash, unpack into the staging directory, in one pass. It is told how far the file has grown.
 *
 * A worker believes nothing of what it reads; its parent believes the digest of the layer (diff id) that it reports as
 * far as it believes the program, as with every job.
 */
#pragma once

#include "image/unpack.h"

enum { UNPACK_WORKERS_MAX = 8 };

enum unpack_state { UNPACK_QUEUED, UNPACK_RUNNING, UNPACK_DONE };

struct unpack_task {
	/* by the caller */
	char name[32];	    /* of the directory in staging */
	int fd;		    /* the file; stays the caller's */
	uint64_t size;	    /* that it will have */
	uint64_t available; /* bytes that are there by now: unpacker_step passes it on */

	enum unpack_state state;
	uint64_t consumed; /* bytes read so far, now and then */
	struct unpack_result result;
	int rc;
	struct err err;

	/* unpacker.c's */
	uint64_t told;
	struct unpack_worker *worker;
	struct unpack_task *next;
};

struct unpacker;

/* Starts count workers; staging and layers are descriptors for them. Before confine_enter. */
int unpacker_start(int staging, size_t count, struct unpacker **out_unpacker, struct err *err) must_check;
void unpacker_free(struct unpacker *unpacker); /* ends the workers; takes NULL */

void unpacker_add(struct unpacker *unpacker, struct unpack_task *task);
/* Forgets it; its directory in staging is rubbish. A worker that was at it starts anew with the next task. */
void unpacker_drop(struct unpacker *unpacker, struct unpack_task *task);

/* Gives out work, passes on what grew, takes results. */
int unpacker_step(struct unpacker *unpacker, struct err *err) must_check;
size_t unpacker_fds(const struct unpacker *unpacker, int out_fds[UNPACK_WORKERS_MAX]); /* to wait on */
