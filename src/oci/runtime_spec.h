/*
 * The OCI runtime specification 1.3, its Linux part, as plain structs and field tables.
 *
 * One struct per object of config.md, config-linux.md, runtime.md (state) and features.md, with the member names of the
 * specification in snake case. A decoded document lives in its arena; nothing here does I/O or judges a value: what a
 * number may be and which words are known is decided where the value is used (runtime/plan, security). An absent list
 * is {NULL, 0}, an absent text is NULL; where absence and zero differ the member is a pointer.
 */
#pragma once

#include "base/json.h"

#define OCI_RUNTIME_VERSION "1.3.0"
#define OCI_RUNTIME_VERSION_MIN "1.0.0"

/* --- config.md: Process --- */

struct oci_console_size {
	uint64_t height, width;
};

struct oci_user {
	uint32_t uid, gid;
	uint32_t *umask; /* NULL: the runtime's choice, 0022 */
	struct json_u32v additional_gids;
	char *username; /* Windows only; decoded so that it is not an unknown member */
};

/* Sets by name, "CAP_CHOWN"; NULL is the empty set. capabilities(7) */
struct oci_capabilities {
	char **bounding, **permitted, **effective, **inheritable, **ambient;
};

struct oci_rlimit {
	char *type; /* "RLIMIT_NOFILE" */
	uint64_t soft, hard;
};

struct oci_io_priority {
	char *class_name; /* IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE */
	int64_t priority; /* 0..7 */
};

/* sched_setattr(2) */
struct oci_scheduler {
	char *policy; /* SCHED_OTHER, ... */
	int64_t nice, priority;
	char **flags;			    /* SCHED_FLAG_RESET_ON_FORK, ... */
	uint64_t runtime, deadline, period; /* ns */
};

/* CPU lists, "0-3,7": of the process that joins until it runs (initial), and of the program (final). For exec. */
struct oci_cpu_affinity {
	char *initial, *final;
};

struct oci_process {
	bool terminal;
	struct oci_console_size *console_size;
	struct oci_user user;
	char **args;
	char *command_line; /* Windows only */
	char **env;
	char *cwd;
	struct oci_capabilities *capabilities;
	JSON_LIST(struct oci_rlimit) rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	char *selinux_label;
	int64_t *oom_score_adj; /* NULL: inherited */
	struct oci_scheduler *scheduler;
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
};

/* --- config.md: Root, Mounts, Hooks --- */

struct oci_root {
	char *path; /* absolute, or relative to the bundle */
	bool readonly;
};

struct oci_id_mapping {
	uint32_t container_id, host_id, size;
};

struct oci_mount {
	char *destination;
	char *type;
	char *source;
	char **options;
	JSON_LIST(struct oci_id_mapping) uid_mappings;
	JSON_LIST(struct oci_id_mapping) gid_mappings;
};

struct oci_hook {
	char *path;
	char **args; /* args[0] is argv[0]; NULL: the path alone */
	char **env;
	int64_t *timeout; /* seconds */
};

struct oci_hooks {
	JSON_LIST(struct oci_hook) prestart; /* deprecated: run with create_runtime, before it */
	JSON_LIST(struct oci_hook) create_runtime;
	JSON_LIST(struct oci_hook) create_container;
	JSON_LIST(struct oci_hook) start_container;
	JSON_LIST(struct oci_hook) poststart;
	JSON_LIST(struct oci_hook) poststop;
};

/* --- config-linux.md: Namespaces, time offsets, devices --- */

struct oci_namespace {
	char *type; /* mount, pid, network, uts, ipc, user, cgroup, time */
	char *path; /* NULL: a new one */
};

struct oci_time_offset {
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_time_offsets {
	struct oci_time_offset *boottime, *monotonic;
};

struct oci_device {
	char *type; /* c, b, u, p */
	char *path;
	int64_t *major, *minor;
	uint32_t *file_mode;
	uint32_t *uid, *gid;
};

struct oci_net_device {
	char *key;  /* the interface's name on the host */
	char *name; /* in the container; NULL: the same */
};

/* --- config-linux.md: Control groups --- */

struct oci_device_rule {
	bool allow;
	char *type;		/* a, b, c; NULL: a */
	int64_t *major, *minor; /* NULL: any */
	char *access;		/* of r, w, m */
};

struct oci_memory {
	int64_t *limit, *reservation, *swap; /* bytes; -1: no limit; swap counts memory too */
	int64_t *kernel, *kernel_tcp;
	uint64_t *swappiness; /* 0..100 */
	bool *disable_oom_killer;
	bool *use_hierarchy;
	bool *check_before_update;
};

struct oci_cpu {
	uint64_t *shares;
	int64_t *quota;		  /* us per period; -1: none */
	uint64_t *burst, *period; /* us */
	int64_t *realtime_runtime;
	uint64_t *realtime_period;
	char *cpus, *mems; /* lists: "0-3,7" */
	int64_t *idle;
};

struct oci_pids {
	int64_t *limit; /* -1, 0: none */
};

struct oci_block_weight {
	int64_t major, minor;
	uint32_t *weight, *leaf_weight; /* 10..1000 */
};

struct oci_block_throttle {
	int64_t major, minor;
	uint64_t rate; /* bytes or operations per second */
};

struct oci_block_io {
	uint32_t *weight, *leaf_weight;
	JSON_LIST(struct oci_block_weight) weight_device;
	JSON_LIST(struct oci_block_throttle) throttle_read_bps_device;
	JSON_LIST(struct oci_block_throttle) throttle_write_bps_device;
	JSON_LIST(struct oci_block_throttle) throttle_read_iops_device;
	JSON_LIST(struct oci_block_throttle) throttle_write_iops_device;
};

struct oci_hugepage_limit {
	char *page_size; /* "2MB" */
	uint64_t limit;
};

struct oci_interface_priority {
	char *name;
	uint32_t priority;
};

struct oci_network_class {
	uint32_t *class_id;
	JSON_LIST(struct oci_interface_priority) priorities;
};

struct oci_rdma {
	char *key; /* the device */
	uint32_t *hca_handles, *hca_objects;
};

struct oci_resources {
	JSON_LIST(struct oci_device_rule) devices; /* in order, the last that matches decides */
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	JSON_LIST(struct oci_hugepage_limit) hugepage_limits;
	struct oci_network_class *network;
	JSON_LIST(struct oci_rdma) rdma;
	struct json_map unified; /* cgroup v2: file name to content */
};

/* --- config-linux.md: Seccomp --- */

struct oci_seccomp_arg {
	uint32_t index;		   /* 0..5 */
	uint64_t value, value_two; /* value_two: with SCMP_CMP_MASKED_EQ, value is the mask */
	char *op;		   /* SCMP_CMP_EQ, ... */
};

struct oci_seccomp_rule {
	char **names;
	char *action; /* SCMP_ACT_ALLOW, ... */
	uint32_t *errno_ret;
	JSON_LIST(struct oci_seccomp_arg) args; /* all must match */
};

struct oci_seccomp {
	char *default_action;
	uint32_t *default_errno_ret;
	char **architectures;			 /* SCMP_ARCH_X86_64, ...; the native one is always meant */
	char **flags;				 /* SECCOMP_FILTER_FLAG_LOG, ... */
	char *listener_path, *listener_metadata; /* for SCMP_ACT_NOTIFY */
	JSON_LIST(struct oci_seccomp_rule) syscalls;
};

/* --- config-linux.md: the rest --- */

struct oci_intel_rdt {
	char *clos_id;
	char **schemata;
	char *l3_cache_schema, *mem_bw_schema;
	bool enable_monitoring;
};

/* set_mempolicy(2) */
struct oci_memory_policy {
	char *mode;   /* MPOL_BIND, ... */
	char *nodes;  /* "0-1" */
	char **flags; /* MPOL_F_STATIC_NODES, ... */
};

struct oci_personality {
	char *domain; /* LINUX, LINUX32 */
	char **flags;
};

struct oci_linux {
	JSON_LIST(struct oci_namespace) namespaces;
	JSON_LIST(struct oci_id_mapping) uid_mappings;
	JSON_LIST(struct oci_id_mapping) gid_mappings;
	struct oci_time_offsets *time_offsets;
	JSON_LIST(struct oci_device) devices;
	JSON_LIST(struct oci_net_device) net_devices;
	char *cgroups_path;
	struct oci_resources *resources;
	struct oci_seccomp *seccomp;
	char *rootfs_propagation; /* private, shared, slave, unbindable, and r... */
	char **masked_paths, **readonly_paths;
	char *mount_label;
	struct json_map sysctl;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_personality *personality;
};

/* config.md: the document config.json */
struct oci_spec {
	char *oci_version;
	struct oci_root *root;
	struct oci_process *process;
	char *hostname, *domainname;
	JSON_LIST(struct oci_mount) mounts;
	struct oci_hooks *hooks;
	struct json_map annotations;
	struct oci_linux *linux_part; /* "linux"; the word alone is a macro of GNU C */
};

/* runtime.md: State; what `state` prints and hooks read on standard input */
struct oci_state {
	char *oci_version;
	char *id;
	char *status; /* creating, created, running, paused (as runc), stopped */
	int64_t pid;  /* 0, left out: stopped */
	char *bundle;
	struct json_map annotations;
};

/* --- features.md, features-linux.md: what `features` prints --- */

struct oci_features_cgroup {
	bool *v1, *v2, *systemd, *systemd_user, *rdma;
};

struct oci_features_seccomp {
	bool *enabled;
	char **actions, **operators, **archs, **known_flags, **supported_flags;
};

struct oci_features_enabled {
	bool *enabled;
};

struct oci_features_mount_extensions {
	struct oci_features_enabled *idmap;
};

struct oci_features_linux {
	char **namespaces;
	char **capabilities;
	struct oci_features_cgroup *cgroup;
	struct oci_features_seccomp *seccomp;
	struct oci_features_enabled *apparmor;
	struct oci_features_enabled *selinux;
	struct oci_features_enabled *intel_rdt;
	struct oci_features_mount_extensions *mount_extensions;
	struct oci_features_enabled *net_devices;
};

struct oci_features {
	char *oci_version_min, *oci_version_max;
	char **hooks;
	char **mount_options;
	struct oci_features_linux *linux_part;
	struct json_map annotations;
	char **potentially_unsafe_config_annotations;
};

JSON_DECLARE(oci_spec);
JSON_DECLARE(oci_process);
JSON_DECLARE(oci_linux);
JSON_DECLARE(oci_resources);
JSON_DECLARE(oci_seccomp);
JSON_DECLARE(oci_seccomp_arg);
JSON_DECLARE(oci_hooks);
JSON_DECLARE(oci_mount);
JSON_DECLARE(oci_capabilities);
JSON_DECLARE(oci_state);
JSON_DECLARE(oci_features);
