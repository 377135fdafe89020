/*
 * Layers of the store as compressed blobs, for images that came without (load, import, commit, build): made once, by
 * worker processes without a network that may read what others own, and kept from then on. Started before the job is
 * confined.
 */
#pragma once

#include "base/hash.h"

enum { PACK_WORKERS_MAX = 4 };

struct pack_task {
	/* by the caller */
	struct digest diff_id;
	char name[32]; /* of the blob in the staging directory */

	bool done;
	int rc;
	struct err err;
	struct digest digest;
	uint64_t size;

	/* packer.c's */
	struct pack_task *next;
};

struct packer;
int packer_start(int staging, int layers, size_t count, struct packer **out_packer, struct err *err) must_check;
void packer_free(struct packer *packer);
void packer_add(struct packer *packer, struct pack_task *task);
int packer_step(struct packer *packer, struct err *err) must_check;
size_t packer_fds(const struct packer *packer, int out_fds[PACK_WORKERS_MAX]);
