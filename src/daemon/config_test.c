#include "daemon/config.h"
#include "base/file.h"
#include "base/text.h"
#include "unit/test.h"

#include <fcntl.h>

static struct arena arena;
static struct daemon_config config;
static struct config_command command;

static int load(const char *file, char *const *flags, char *const *env, struct err *err)
{
	char *argv[16] = {"tugd", "--config-file", "daemon.json"};
	for (size_t i = 0; flags && flags[i]; i++)
		argv[3 + i] = flags[i];
	if (file_replace(AT_FDCWD, "daemon.json", file, strlen(file), 0600, err) < 0)
		return -err->code;
	return config_load(&arena, argv, env, &config, &command, err);
}

TEST(defaults)
{
	struct err err;
	CHECK_OK(load("", NULL, NULL, &err));
	CHECK_STR(config.data_root, "/var/lib/tug");
	CHECK_INT(strv_count(config.hosts), 1);
	CHECK_STR(config.hosts[0], "unix:///run/tug/tug.sock");
	CHECK_STR(json_map_get(&config.log_options, "max-size"), "20m");
	CHECK_INT(config.shm_size, 64 << 20);
	CHECK(config.auto_start && !config.debug);
	arena_done(&arena);
}

TEST(the_last_source_wins)
{
	struct err err;
	char *flags[] = {"-l", "warn", "--mtu=1300", "-D", NULL};
	char *env[] = {"TUG_LOG_LEVEL=error", "TUG_CGROUP_PARENT=/from-env", "TUG_DNS=1.1.1.1,8.8.8.8", NULL};
	CHECK_OK(
	    load("{\"log-level\": \"debug\", \"mtu\": 1400, \"cgroup-parent\": \"/from-file\", \"bridge\": \"br7\","
		 "\"dns\": [\"9.9.9.9\"]}",
		 flags, env, &err));
	CHECK_STR(config.log_level, "warn");
	CHECK_INT(config.mtu, 1300);
	CHECK_STR(config.cgroup_parent, "/from-env");
	CHECK_STR(config.bridge, "br7");
	CHECK_INT(strv_count(config.dns), 2);
	CHECK_STR(config.dns[1], "8.8.8.8");
	CHECK(config.debug);
	arena_done(&arena);
}

TEST(lists_maps_pools)
{
	struct err err;
	char *flags[] = {
	    "-H", "unix:///a.sock", "--host=tcp://127.0.0.1:2375", "--log-opt", "max-file=5", "--label=a=b", NULL};
	CHECK_OK(load("{\"hosts\": [\"fd://\"], \"log-opts\": {\"max-size\": \"1m\"},"
		      "\"default-address-pools\": [{\"base\": \"10.1.0.0/16\", \"size\": 24}]}",
		      flags, NULL, &err));
	CHECK_INT(strv_count(config.hosts), 2);
	CHECK_STR(config.hosts[1], "tcp://127.0.0.1:2375");
	CHECK_STR(json_map_get(&config.log_options, "max-size"), "1m");
	CHECK_STR(json_map_get(&config.log_options, "max-file"), "5");
	CHECK_INT(config.address_pools.count, 1);
	CHECK_INT(config.address_pools.items[0].size, 24);
	CHECK_STR(config.labels[0], "a=b");
	arena_done(&arena);
}

TEST(variables_in_the_file)
{
	struct err err;
	char *env[] = {"BASE=/srv", "EMPTY=", NULL};
	CHECK_OK(
	    load("{\"data-root\": \"${BASE}/tug\", \"exec-root\": \"${RUN:-/run}/x${EMPTY:-y}\"}", NULL, env, &err));
	CHECK_STR(config.data_root, "/srv/tug");
	CHECK_STR(config.exec_root, "/run/xy");
	CHECK_ERR(load("{\"data-root\": \"${NOWHERE}/tug\"}", NULL, env, &err), EINVAL);
	CHECK_STR(err.msg, "daemon.json: data-root: \"${NOWHERE}/tug\": NOWHERE is not set in the environment");
	CHECK_ERR(load("{\"data-root\": \"${BASE\"}", NULL, env, &err), EINVAL);
	arena_done(&arena);
}

TEST(faults_have_a_place)
{
	static const struct {
		const char *file;
		int code;
		const char *message;
	} rows[] = {
	    {"{\"colour\": 1}", EINVAL, "daemon.json: colour: unknown key"},
	    {"{\"userns-remap\": \"default\"}", EOPNOTSUPP,
	     "daemon.json: userns-remap: known to Docker, not there yet"},
	    {"{\"debug\": 1}", EINVAL, "daemon.json: debug: true or false is wanted"},
	    {"{\"mtu\": \"x\"}", EINVAL, "daemon.json: mtu: \"x\" is not a number"},
	    {"{\"mtu\": 7}", ERANGE, "daemon.json: mtu: 7 is not from 68 to 65535"},
	    {"{\"log-level\": \"loud\"}", EINVAL, "daemon.json: log-level: \"loud\" is not one of debug, info, warn"},
	    {"{\"hosts\": [\"unix:///a\", \"http://b\"]}", EINVAL, "daemon.json: hosts: [1]: \"http://b\" is none of"},
	    {"{\"data-root\": \"var\"}", EINVAL, "daemon.json: data-root: \"var\" is not an absolute path"},
	    {"{\"cgroup-parent\": \"/a/../b\"}", EINVAL, "daemon.json: cgroup-parent: "},
	    {"{\"bridge\": \"a/b\"}", EINVAL, "daemon.json: bridge: "},
	    {"{\"dns\": [\"example\"]}", EINVAL, "daemon.json: dns: [0]: \"example\" is not an IP address"},
	    {"{\"default-address-pools\": [{\"base\": \"10.0.0.0/16\"}]}", EINVAL, "[0]: size: missing field"},
	    {"{\"default-address-pools\": [{\"base\": \"10.0.0.0/16\", \"size\": 8}]}", ERANGE,
	     "[0]: size: 8 is not from 16"},
	    {"{\"live-restore\": false}", EOPNOTSUPP, "always outlive"},
	    {"{\"debug\": true,}", EINVAL, "daemon.json: line 1: "},
	    {"{\"debug\": true, \"debug\": false}", EINVAL, "a member stands twice: debug"},
	    {"[]", EINVAL, "daemon.json: an object is wanted"},
	};
	struct err err;
	config.data_root = "untouched";
	for (size_t i = 0; i < array_size(rows); i++) {
		CHECK_ERR(load(rows[i].file, NULL, NULL, &err), rows[i].code);
		CHECK_CONTAINS(err.msg, rows[i].message);
		CHECK_STR(config.data_root, "untouched");
	}
	arena_done(&arena);
}

TEST(flags_have_a_place)
{
	static const struct {
		char *flags[3];
		const char *message;
	} rows[] = {
	    {{"--colour"}, "unknown flag: --colour"},
	    {{"--tlscert", "x"}, "--tlscert: known to Docker, not there yet"},
	    {{"--mtu"}, "flag needs an argument: --mtu"},
	    {{"--mtu", "7"}, "--mtu: 7 is not from"},
	    {{"word"}, "word: an argument is not expected"},
	    {{"-l", "loud"}, "-l: \"loud\" is not one of"},
	};
	struct err err;
	for (size_t i = 0; i < array_size(rows); i++) {
		CHECK(load("", rows[i].flags, NULL, &err) < 0);
		CHECK_CONTAINS(err.msg, rows[i].message);
	}
	arena_done(&arena);
}

TEST(a_named_file_must_exist)
{
	struct err err;
	char *argv[] = {"tugd", "--config-file=/nothing/here.json", NULL};
	CHECK_ERR(config_load(&arena, argv, NULL, &config, &command, &err), ENOENT);
	arena_done(&arena);
}

static int changes, reloadable;
static void changed(void *cookie, const struct config_row *row)
{
	(void)cookie;
	changes++;
	reloadable += row->reload;
}

TEST(what_changed)
{
	struct err err;
	CHECK_OK(load("{\"debug\": true, \"bridge\": \"a\", \"labels\": [\"x\"]}", NULL, NULL, &err));
	struct daemon_config before = config;
	CHECK_OK(load("{\"debug\": false, \"bridge\": \"b\", \"labels\": [\"x\"]}", NULL, NULL, &err));
	config_compare(&before, &config, changed, NULL);
	CHECK_INT(changes, 2);
	CHECK_INT(reloadable, 1);
	arena_done(&arena);
}
