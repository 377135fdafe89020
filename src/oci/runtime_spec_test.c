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
