#include "oci/runtime_spec.h"

#include "unit/test.h"

/*
 * The member names of the runtime-spec's JSON schemas, version 1.3, per object (Linux; the path of the object first).
 * Every one of them has a row, and there is no row besides.
 */
struct object_names {
	const char *path, *names;
};
static const struct object_names config_names[] = {
    {"", "annotations domainname hooks hostname linux mounts ociVersion process root"},
    {"hooks", "createContainer createRuntime poststart poststop prestart startContainer"},
    {"hooks.prestart", "args env path timeout"},
    {"hooks.createRuntime", "args env path timeout"},
    {"hooks.createContainer", "args env path timeout"},
    {"hooks.startContainer", "args env path timeout"},
    {"hooks.poststart", "args env path timeout"},
    {"hooks.poststop", "args env path timeout"},
    {"mounts", "destination gidMappings options source type uidMappings"},
    {"mounts.uidMappings", "containerID hostID size"},
    {"mounts.gidMappings", "containerID hostID size"},
    {"root", "path readonly"},
    {"process", "apparmorProfile args capabilities commandLine consoleSize cwd env execCPUAffinity ioPriority "
		"noNewPrivileges oomScoreAdj rlimits scheduler selinuxLabel terminal user"},
    {"process.consoleSize", "height width"},
    {"process.user", "additionalGids gid uid umask username"},
    {"process.capabilities", "ambient bounding effective inheritable permitted"},
    {"process.ioPriority", "class priority"},
    {"process.scheduler", "deadline flags nice period policy priority runtime"},
    {"process.rlimits", "hard soft type"},
    {"process.execCPUAffinity", "final initial"},
    {"linux", "cgroupsPath devices gidMappings intelRdt maskedPaths memoryPolicy mountLabel namespaces netDevices "
	      "personality readonlyPaths resources rootfsPropagation seccomp sysctl timeOffsets uidMappings"},
    {"linux.devices", "fileMode gid major minor path type uid"},
    {"linux.netDevices", "name"},
    {"linux.uidMappings", "containerID hostID size"},
    {"linux.gidMappings", "containerID hostID size"},
    {"linux.namespaces", "path type"},
    {"linux.resources", "blockIO cpu devices hugepageLimits memory network pids rdma unified"},
    {"linux.resources.devices", "access allow major minor type"},
    {"linux.resources.pids", "limit"},
    {"linux.resources.blockIO", "leafWeight throttleReadBpsDevice throttleReadIOPSDevice throttleWriteBpsDevice "
				"throttleWriteIOPSDevice weight weightDevice"},
    {"linux.resources.blockIO.throttleReadBpsDevice", "major minor rate"},
    {"linux.resources.blockIO.throttleWriteBpsDevice", "major minor rate"},
    {"linux.resources.blockIO.throttleReadIOPSDevice", "major minor rate"},
    {"linux.resources.blockIO.throttleWriteIOPSDevice", "major minor rate"},
    {"linux.resources.blockIO.weightDevice", "leafWeight major minor weight"},
    {"linux.resources.cpu", "burst cpus idle mems period quota realtimePeriod realtimeRuntime shares"},
    {"linux.resources.hugepageLimits", "limit pageSize"},
    {"linux.resources.memory",
     "checkBeforeUpdate disableOOMKiller kernel kernelTCP limit reservation swap swappiness useHierarchy"},
    {"linux.resources.network", "classID priorities"},
    {"linux.resources.network.priorities", "name priority"},
    {"linux.resources.rdma", "hcaHandles hcaObjects"},
    {"linux.seccomp", "architectures defaultAction defaultErrnoRet flags listenerMetadata listenerPath syscalls"},
    {"linux.seccomp.syscalls", "action args errnoRet names"},
    {"linux.seccomp.syscalls.args", "index op value valueTwo"},
    {"linux.intelRdt", "closID enableMonitoring l3CacheSchema memBwSchema schemata"},
    {"linux.memoryPolicy", "flags mode nodes"},
    {"linux.personality", "domain flags"},
    {"linux.timeOffsets", "boottime monotonic"},
    {"linux.timeOffsets.boottime", "nanosecs secs"},
    {"linux.timeOffsets.monotonic", "nanosecs secs"},
};
static const struct object_names state_names[] = {
    {"", "annotations bundle id ociVersion pid status"},
};
static const struct object_names features_names[] = {
    {"", "annotations hooks linux mountOptions ociVersionMax ociVersionMin potentiallyUnsafeConfigAnnotations"},
    {"linux", "apparmor capabilities cgroup intelRdt mountExtensions namespaces netDevices seccomp selinux"},
    {"linux.cgroup", "rdma systemd systemdUser v1 v2"},
    {"linux.seccomp", "actions archs enabled knownFlags operators supportedFlags"},
    {"linux.apparmor", "enabled"},
    {"linux.selinux", "enabled"},
    {"linux.intelRdt", "enabled"},
    {"linux.mountExtensions", "idmap"},
    {"linux.mountExtensions.idmap", "enabled"},
    {"linux.netDevices", "enabled"},
};

static const struct json_field *field_find(const struct json_table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->count; i++)
		if (strlen(table->fields[i].name) == length && memcmp(table->fields[i].name, name, length) == 0)
			return &table->fields[i];
	return NULL;
}

static const struct json_table *table_at(const struct json_table *table, const char *path)
{
	while (*path) {
		size_t length = strcspn(path, ".");
		const struct json_field *field = field_find(table, path, length);
		if (!field || !field->table)
			test_fail(__FILE__, __LINE__, "%s has no object %s", table->name, path);
		table = field->table;
		path += length + (path[length] == '.');
	}
	return table;
}

static void check_names(const struct json_table *root, const struct object_names *objects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct json_table *table = table_at(root, objects[i].path);
		size_t found = 0;
		for (const char *name = objects[i].names; *name; found++) {
			size_t length = strcspn(name, " ");
			if (!field_find(table, name, length))
				test_fail(__FILE__, __LINE__, "%s has no row for %.*s", table->name, (int)length, name);
			name += length + (name[length] == ' ');
		}
		if (found != table->count)
			test_fail(__FILE__, __LINE__, "%s has %zu rows, the schema %zu members", table->name,
				  table->count, found);
	}
}

TEST(rows_are_the_members_of_the_schemas)
{
	check_names(&table_oci_spec, config_names, array_size(config_names));
	check_names(&table_oci_state, state_names, array_size(state_names));
	check_names(&table_oci_features, features_names, array_size(features_names));
}

/* What `runc spec` (1.1) writes, without its white space. */
static const char runc_spec[] =
    "{\"ociVersion\":\"1.0.2-dev\",\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
    "\"env"
    "\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],\"cwd\":\"/\",\""
    "capabilities\":{\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],\"effective\":[\"CA"
    "P_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP"
    "_NET_BIND_SERVICE\"],\"ambient\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},\"rlimits\":["
    "{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},\"root\":{\"path\":\"rootfs"
    "\",\"readonly\":true},\"hostname\":\"runc\",\"mounts\":[{\"destination\":\"/"
    "proc\",\"type\":\"proc\",\"source\":\"pr"
    "oc\"},{\"destination\":\"/"
    "dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":[\"nosuid\",\"strictatime\",\"mo"
    "de=755\",\"size=65536k\"]},{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\""
    "nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},{\"destination\":\"/dev/shm\",\""
    "type\":\"tmpfs\",\"source\":\"shm\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},{"
    "\""
    "destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\",\"options\":[\"nosuid\",\"noexec\",\"nodev"
    "\"]},{\"destination\":\"/"
    "sys\",\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\""
    "ro\"]},{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":[\"nosuid\",\"noe"
    "xec\",\"nodev\",\"relatime\",\"ro\"]}],\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}"
    "]"
    "},\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":"
    "\"mount\"}"
    "],\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\",\"/"
    "proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],\"readonly"
    "Paths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

/* Encoding leaves out what decoding did not find, and keeps everything else: the texts meet after one round. */
TEST(a_real_configuration_survives)
{
	struct err err;
	auto_arena arena = {0};
	struct oci_spec spec = {0}, again = {0};
	CHECK_OK(json_load(&arena, &table_oci_spec, runc_spec, strlen(runc_spec), "config.json", JSON_UNKNOWN_ERROR,
			   &spec, &err));
	CHECK_STR(spec.process->args[0], "sh");
	CHECK(spec.process->terminal && spec.process->no_new_privileges && spec.root->readonly);
	CHECK_STR(spec.process->capabilities->bounding[1], "CAP_KILL");
	CHECK_INT(spec.process->rlimits.items[0].soft, 1024);
	CHECK_INT(spec.mounts.count, 7);
	CHECK_STR(spec.mounts.items[1].options[3], "size=65536k");
	CHECK_INT(spec.linux_part->namespaces.count, 5);
	CHECK_INT(spec.linux_part->resources->devices.count, 1);
	CHECK(!spec.linux_part->resources->devices.items[0].allow);
	CHECK(!spec.linux_part->seccomp);

	auto_buf first = BUF_INIT(JSON_SIZE_MAX), second = BUF_INIT(JSON_SIZE_MAX);
	json_encode(&first, &table_oci_spec, &spec);
	CHECK_OK(json_load(&arena, &table_oci_spec, first.data, first.len, "again", JSON_UNKNOWN_ERROR, &again, &err));
	json_encode(&second, &table_oci_spec, &again);
	CHECK_STR(buf_str(&second), buf_str(&first));
}

TEST(absent_and_zero_differ)
{
	struct err err;
	auto_arena arena = {0};
	static const char text[] =
	    "{\"ociVersion\":\"1.3.0\",\"process\":{\"user\":{\"uid\":0,\"gid\":5,\"umask\":0,\"additionalGids\":[5,0]}"
	    ","
	    "\"cwd\":\"/\",\"oomScoreAdj\":0},\"linux\":{\"resources\":{\"memory\":{\"limit\":-1,\"swappiness\":0,"
	    "\"disableOOMKiller\":false},\"blockIO\":{},\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}},"
	    "\"unified\":{\"cpu.weight\":\"10\"}},\"netDevices\":{\"eth0\":{\"name\":\"c0\"},\"eth1\":{}}}}";
	struct oci_spec spec = {0};
	CHECK_OK(
	    json_load(&arena, &table_oci_spec, text, strlen(text), "config.json", JSON_UNKNOWN_ERROR, &spec, &err));
	CHECK(spec.process->user.umask && *spec.process->user.umask == 0);
	CHECK(spec.process->oom_score_adj && *spec.process->oom_score_adj == 0);
	CHECK_INT(*spec.linux_part->resources->memory->limit, -1);
	CHECK(!spec.linux_part->resources->memory->swap);
	CHECK_STR(spec.linux_part->net_devices.items[1].key, "eth1");
	CHECK(!spec.linux_part->net_devices.items[1].name);
	auto_buf out = BUF_INIT(JSON_SIZE_MAX);
	json_encode(&out, &table_oci_spec, &spec);
	CHECK_CONTAINS(buf_str(&out), "\"umask\":0");
	CHECK_CONTAINS(buf_str(&out), "\"oomScoreAdj\":0");
	CHECK_CONTAINS(buf_str(&out), "\"additionalGids\":[5,0]");
	CHECK_CONTAINS(buf_str(&out), "\"disableOOMKiller\":false");
	CHECK_CONTAINS(buf_str(&out), "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}");
}

TEST(a_wrong_configuration_is_named_by_its_place)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
	    {"{}", "config.json: ociVersion: missing field"},
	    {"{\"ociVersion\":\"1\",\"hooks\":{\"prestart\":[{\"path\":\"/a\"},{}]}}",
	     "config.json: hooks: prestart: [1]: path: missing field"},
	    {"{\"ociVersion\":\"1\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":4294967296}}}",
	     "config.json: process: user: uid: "},
	    {"{\"ociVersion\":\"1\",\"linux\":{\"seccomp\":{}}}",
	     "config.json: linux: seccomp: defaultAction: missing field"},
	};
	struct err err;
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		struct oci_spec spec = {0};
		CHECK_ERR(json_load(&arena, &table_oci_spec, rows[i].text, strlen(rows[i].text), "config.json", 0,
				    &spec, &err),
			  EINVAL);
		CHECK_CONTAINS(err.msg, rows[i].message);
	}
}
