/*
 * One blob on its way into downloads/HEX: what was there of it already is kept, and the rest is asked for by Range. The
 * file and the state of its running hash (HEX.state, saved now and then and at every cut) outlive the job, so that
 * the next one goes on at the byte. Whoever downloads a blob holds a lock on its file: another job waits for the end of
 * that one and finds the blob complete.
 *
 * No byte is written past the size that the manifest announces, and the blob counts only when its digest is the one in
 * the manifest (I-07). What does not fit is deleted. Runs in a job.
 */
#pragma once

#include "base/hash.h"
#include "registry/client.h"

enum download_state {
	DOWNLOAD_WAITING, /* another job has the lock */
	DOWNLOAD_RUNNING,
	DOWNLOAD_DONE, /* complete and verified, or rc < 0 */
};

struct download {
	struct registry *registry;
	const struct endpoint *endpoint;
	int dir; /* downloads/ */
	struct digest digest;
	uint64_t size;		  /* by the manifest */
	const char *name, *scope; /* of the repository; of the token */

	enum download_state state;
	int rc;
	struct err err;
	int fd;		   /* the file, with our lock */
	uint64_t written;  /* bytes in the file that are hashed */
	uint64_t resumed;  /* of which were there before */
	unsigned restarts; /* times that what was there turned out to be worthless */

	/* download.c's */
	struct hash *hash;
	struct call call;
	struct arena arena;
	char *range;
	uint64_t skip, saved, progress;
	int64_t lock_wait_ns;
	bool active, moved, clean; /* clean: begun by this job, at 0 */
};

/* Fill in the first members before. Nothing happens before download_step. -ENOSPC and the like are told by rc. */
void download_start(struct download *download);
void download_step(struct download *download);	  /* after each turn of registry_step */
void download_done(struct download *download);	  /* keeps what is there, for the next time */
void download_discard(struct download *download); /* deletes it as well */
