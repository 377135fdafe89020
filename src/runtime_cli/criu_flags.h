/*
 * What checkpoint and restore share on the command line, and what of it criu is told.
 */
#pragma once

#include "base/json.h"
#include "cli/option.h"
#include "runtime/plan.h"
#include "runtime_cli/context.h"
#include "runtime_cli/criu_message.h"

#include <sys/types.h>

struct criu_flags {
	const char *image_path, *work_path, *cgroups_mode;
	char **empty_ns;
	bool tcp_established, unix_sockets, shell_job, file_locks, auto_dedup, lazy_pages;
};

/* For a command whose options hold a struct criu_flags as the member `criu`. */
#define CRIU_ROWS(type)                                                                                                \
	O_STRING(type, criu.image_path, "image-path", 0, "DIR", "Where criu's images are (./checkpoint)"),             \
	    O_STRING(type, criu.work_path, "work-path", 0, "DIR", "Where criu's log and work files are (images)"),     \
	    O_STRING(type, criu.cgroups_mode, "manage-cgroups-mode", 0, "soft|full|strict|ignore",                     \
		     "What criu does about control groups (soft)"),                                                    \
	    O_LIST(type, criu.empty_ns, "empty-ns", 0, "network",                                                      \
		   "Make a namespace, but do not restore what is in it"),                                              \
	    O_BOOL(type, criu.tcp_established, "tcp-established", 0, "Allow open TCP connections"),                    \
	    O_BOOL(type, criu.unix_sockets, "ext-unix-sk", 0, "Allow unix sockets that others hold the other end of"), \
	    O_BOOL(type, criu.shell_job, "shell-job", 0, "Allow what belongs to a shell's session"),                   \
	    O_BOOL(type, criu.file_locks, "file-locks", 0, "Take file locks along"),                                   \
	    O_BOOL(type, criu.auto_dedup, "auto-dedup", 0, "Drop pages that a later image has too"),                   \
	    O_BOOL(type, criu.lazy_pages, "lazy-pages", 0, "Bring memory only when it is used (userfaultfd)")

/* The directories, open for as long as criu works. */
struct criu_dirs {
	int images, work; /* work -1: the images' */
	char *log;	  /* the log's whole path */
};

/* make: a missing directory of images is made. Fills what the flags say; log_file: "dump.log". */
int criu_flags_read(const struct criu_flags *flags, bool make, const char *log_file, struct criu_options *options,
		    struct criu_dirs *out_dirs, struct err *err) must_check;
void criu_dirs_done(struct criu_dirs *dirs);

/* The annotation org.criu.config: criu's own configuration for this container, which counts more than what we say;
 * without it /etc/criu/runc.conf, as with runc. */
void criu_config_set(const struct json_map *annotations, struct criu_options *options);

/* What criu wrote about its failure, line by line, to be told beside the error. */
void criu_log_quote(const struct context *context, const char *log);

/* In criu's words: "extRootNetNS"; NULL for what it cannot take as another's. */
const char *criu_namespace_key(uint64_t flag);
const char *criu_namespace_name(uint64_t flag);

/* v1: the group directories that the container sees as binds from outside; nothing on v2 with a namespace of its own.
 */
int criu_cgroup_mounts(const struct plan *plan, struct arena *arena, struct criu_pairs *mounts, bool restore,
		       struct err *err) must_check;

#define CRIU_DESCRIPTORS "descriptors.json" /* in the images: what the descriptors 0 to 2 were, as runc writes it */
