/*
 * One blob on its way into a repository: nothing where it is there already, mounted from another repository of the
 * same registry where it is known to be, or sent: in one request if that works; what was cut goes on behind what the
 * registry has, and a registry that takes no large requests gets it in pieces. Runs in a job.
 */
#pragma once

#include "base/hash.h"
#include "registry/client.h"

enum upload_state {
	UPLOAD_NEW,
	UPLOAD_LOOK,   /* HEAD */
	UPLOAD_BEGIN,  /* POST, with a mount or without */
	UPLOAD_SEND,   /* PATCH or PUT */
	UPLOAD_STATUS, /* GET: how much has it? */
	UPLOAD_DONE,
};
enum upload_how { UPLOAD_SENT, UPLOAD_THERE, UPLOAD_MOUNTED };

struct upload {
	struct registry *registry;
	const struct endpoint *endpoint;
	const char *name, *scope; /* of the repository; of the token */
	struct digest digest;
	int fd; /* stays the caller's */
	uint64_t size;
	char *const *mounts; /* repositories to mount from, of this registry; NULL-terminated, may be NULL */

	enum upload_state state;
	enum upload_how how;
	int rc;
	struct err err;
	const char *mounted_from;

	/* upload.c's */
	struct call call;
	bool active, closing; /* closing: the PUT that ends it */
	struct arena arena;
	char *location;
	uint64_t offset, piece; /* piece: largest request; 0: no limit */
	size_t mount;
	int64_t attempt;
	bool began_mount;
	int64_t due_ns;
	char range[64];
};

void upload_step(struct upload *upload); /* starts it; then after each turn of registry_step */
void upload_done(struct upload *upload);
uint64_t upload_sent(const struct upload *upload); /* bytes, for show */
