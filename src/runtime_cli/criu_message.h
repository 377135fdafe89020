/*
 * Messages of criu's RPC: what it is asked, and what it answers. Each is one datagram in the wire format of Protocol
 * Buffers, of which criu's few messages need numbers, texts and messages in messages; the rows in criu_message.c are
 * their members' numbers. What an answer holds beside what is known here is passed over, as the format wants it.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"

enum criu_kind {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};
const char *criu_kind_name(enum criu_kind kind);

enum criu_cgroups { /* what is done about control groups */
		    CRIU_CGROUPS_IGNORE = 0,
		    CRIU_CGROUPS_SOFT = 3,
		    CRIU_CGROUPS_FULL = 4,
		    CRIU_CGROUPS_STRICT = 5,
		    CRIU_CGROUPS_DEFAULT = 6,
};

struct criu_pair {
	const char *key, *value; /* value NULL: the number counts */
	int64_t number;
};
struct criu_pairs {
	struct criu_pair *items;
	size_t count;
};
void criu_pair_add(struct arena *arena, struct criu_pairs *pairs, const char *key, const char *value, int64_t number);

/* Descriptors are numbers in our own process, but those of inherit_fd, which are criu's. Texts: NULL is none. */
struct criu_options {
	int64_t images_dir, work_dir; /* work_dir 0: none */
	int64_t pid;
	int64_t cgroups; /* enum criu_cgroups */
	int64_t log_level;
	int64_t empty_ns; /* CLONE_NEW* */
	const char *log_file, *root, *parent, *freeze_cgroup, *config_file, *lsm_profile, *lsm_mount_context;
	const char *server_address;
	int64_t server_port;
	bool leave_running, unix_sockets, tcp_established, tcp_skip_in_flight, evasive_devices, shell_job, file_locks,
	    track_mem, auto_dedup, link_remap, lazy_pages;
	bool notify_scripts, manage_cgroups, restore_sibling, orphan_terminal;
	struct criu_pairs mounts;      /* place in the container: source on the host */
	struct criu_pairs groups;      /* controller: path */
	struct criu_pairs inherit;     /* what it was: descriptor */
	struct criu_pairs join;	       /* a namespace's short name: path */
	struct criu_pairs external_ns; /* "net[INODE]:KEY"; the value does not count */
};

struct criu_request {
	enum criu_kind kind;
	const struct criu_options *options; /* NULL: none */
	bool notify_success;
	bool mem_track, lazy_pages; /* features that are asked about */
};
void criu_request_encode(const struct criu_request *request, struct buf *out);

struct criu_answer {
	int64_t kind;
	bool success;
	int64_t error;	 /* an errno value of criu's, or 0 */
	char script[64]; /* of a notice: what happens now */
	int64_t pid;	 /* of a notice, and of the restored process */
	bool mem_track, lazy_pages;
	int64_t major, minor, sublevel; /* of the version */
};
/* -EPROTO */
int criu_answer_decode(const void *data, size_t size, struct criu_answer *out_answer, struct err *err) must_check;
