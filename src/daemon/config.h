/*
 * The engine's configuration: defaults, then daemon.json, then the environment, then flags; the last one wins.
 *
 * One table of rows (config_table.c) names every key with its type, range, default and whether it can be changed while
 * the engine runs; flags (--key), environment (TUG_KEY), --help and the manual come from the same rows. In the strings
 * of the file ${VAR} and ${VAR:-default} stand for variables of the environment. What is wrong is named with its place:
 * `/etc/tug/daemon.json: log-level: "loud" is not one of debug, info, warn, error, fatal`.
 * Docker's keys keep Docker's names and meanings; those that tug does not honour yet are refused by name.
 */
#pragma once

#include "base/json.h"

#define CONFIG_FILE "/etc/tug/daemon.json"

struct address_pool {
	char *base;   /* "172.17.0.0/12" */
	int64_t size; /* prefix length of one network, 8 to 30 */
};
JSON_DECLARE(address_pool);

struct daemon_config {
	char *file; /* where daemon.json was looked for */

	char *data_root, *exec_root, *pidfile;
	char **hosts;	 /* "unix:///path", "tcp://address:port", "fd://" */
	char *group;	 /* of unix sockets; "": tug where that group exists */
	bool auto_start; /* read by the command line */

	bool debug;
	char *log_level, *log_format, *log_file;
	bool log_journald;

	char *bridge, *bip, *nft_table, *ip;
	int64_t mtu, network_pool;
	JSON_LIST(struct address_pool) address_pools;
	bool ip_forward, ip_masq;
	char **cdi_spec_dirs;
	char **dns, **dns_options, **dns_search;

	char *cgroup_parent;
	int64_t shm_size, stop_timeout_s;
	bool no_new_privileges;
	char *log_driver;
	struct json_map log_options;
	char **labels;
	char **registry_mirrors, **insecure_registries, **registry_certs;
	char *http_proxy, *https_proxy, *no_proxy;
	struct json_map proxies;
	int64_t downloads, uploads, download_attempts, registry_timeout_s;
	bool live_restore;
	bool tls; /* false: tcp:// is served without, by whom both were told */
};

/* What the command line asks for beside the keys. */
struct config_command {
	bool help, version, validate, purge;
};

enum config_type {
	CONFIG_BOOL,
	CONFIG_NUMBER, /* int64_t, min to max */
	CONFIG_SIZE,   /* int64_t, bytes */
	CONFIG_TEXT,
	CONFIG_CHOICE, /* one of choices */
	CONFIG_PATH,   /* absolute; "" where the default is empty */
	CONFIG_LIST,
	CONFIG_MAP,   /* "key=value", the values strings */
	CONFIG_POOLS, /* "base=ADDRESS/LENGTH,size=LENGTH" */
};

struct config_row {
	const char *key;
	const char *flag; /* where it differs from the key */
	char letter;
	enum config_type type;
	size_t offset;
	int64_t min, max;
	const char *const *choices;
	int (*check)(const char *text, struct err *err); /* of a text, or of each item */
	const char *initial;				 /* as text; a list is separated by blanks */
	bool reload;
	const char *help;
};
extern const struct config_row config_rows[];
extern const size_t config_row_count;
/* Keys that Docker has and tug does not honour yet, NULL-terminated. */
extern const char *const config_later[];

/*
 * Reads everything into out_config, whose strings live in the arena. env is an environment (NULL: none). A daemon.json
 * that is missing is fine unless --config-file named it. -EINVAL and -ERANGE, -EOPNOTSUPP for keys that are not there
 * yet.
 */
int config_load(struct arena *arena, char *const *argv, char *const *env, struct daemon_config *out_config,
		struct config_command *out_command, struct err *err) must_check;

/*
 * Calls changed for each row whose value differs; used on SIGHUP with a freshly loaded configuration.
 */
void config_compare(const struct daemon_config *old, const struct daemon_config *new,
		    void (*changed)(void *cookie, const struct config_row *row), void *cookie);

/* The text of --help. */
void config_help(struct buf *out);
