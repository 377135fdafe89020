#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "oci/runtime_spec.h"
#include "runtime_cli/commands.h"

#include <fcntl.h>
#include <string.h>

struct spec_options {
	const char *bundle;
	bool rootless;
};
static const struct option_row rows[] = {
    O_STRING(struct spec_options, bundle, "bundle", 'b', "DIR", "Where to write config.json"),
    O_BOOL(struct spec_options, rootless, "rootless", 0, "For a user who is not root"),
    O_END,
};

/* What runc's says. */
static const char text[] =
    "{\"ociVersion\":\"" OCI_RUNTIME_VERSION "\",\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},"
    "\"args\":[\"sh\"],\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"TERM=xterm\"],"
    "\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
    "\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},"
    "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"tug\",\"mounts\":["
    "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
    "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
    "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
    "\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\",\"gid=5\"]},"
    "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
    "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
    "{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
    "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
    "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
    "\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
    "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
    "{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
    "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\","
    "\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],"
    "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"]}}";

static void one_mapping(struct arena *arena, uint32_t host, struct oci_id_mapping **out_items, size_t *out_count)
{
	*out_items = arena_new(arena, struct oci_id_mapping);
	**out_items = (struct oci_id_mapping){.container_id = 0, .host_id = host, .size = 1};
	*out_count = 1;
}

/* A user namespace with one user in it, the host's network, and nothing that takes privilege. */
static void rootless_make(struct arena *arena, struct oci_spec *spec)
{
	struct oci_linux *part = spec->linux_part;
	size_t count = 0;
	for (size_t i = 0; i < part->namespaces.count; i++) {
		if (!text_equal(part->namespaces.items[i].type, "network"))
			part->namespaces.items[count++] = part->namespaces.items[i];
	}
	part->namespaces.items[count++].type = (char *)"user"; /* in the place of "network" */
	part->namespaces.count = count;
	one_mapping(arena, geteuid(), &part->uid_mappings.items, &part->uid_mappings.count);
	one_mapping(arena, getegid(), &part->gid_mappings.items, &part->gid_mappings.count);
	part->resources = NULL;
	for (size_t i = 0; i < spec->mounts.count; i++) {
		struct oci_mount mount = spec->mounts.items[i];
		size_t kept = 0;
		for (size_t j = 0; mount.options && mount.options[j]; j++) {
			if (!text_after(mount.options[j], "gid=") && !text_after(mount.options[j], "uid="))
				mount.options[kept++] = mount.options[j];
		}
		if (mount.options)
			mount.options[kept] = NULL;
		if (text_equal(mount.destination, "/sys")) {
			static char *options[] = {(char *)"rbind", (char *)"nosuid", (char *)"noexec",
						  (char *)"nodev", (char *)"ro",     NULL};
			mount.type = (char *)"none";
			mount.source = (char *)"/sys";
			mount.options = options;
		}
		spec->mounts.items[i] = mount;
	}
}

static int spec_write(const struct spec_options *options, struct err *err)
{
	auto_arena arena = {0};
	auto_buf plain = BUF_INIT(JSON_SIZE_MAX), pretty = BUF_INIT(JSON_SIZE_MAX);
	const struct json *value;
	struct oci_spec spec = {0};
	auto_fd int dir = open(options->bundle ? options->bundle : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, "bundle %s", options->bundle ? options->bundle : ".");
	if (faccessat(dir, "config.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, EEXIST, "File config.json exists. Remove it first");
	int rc = json_load(&arena, &table_oci_spec, text, sizeof text - 1, "spec", 0, &spec, err);
	if (rc < 0)
		return rc;
	if (options->rootless)
		rootless_make(&arena, &spec);
	json_encode(&plain, &table_oci_spec, &spec);
	rc = json_parse(&arena, plain.data, plain.len, "spec", &value, err);
	if (rc < 0)
		return rc;
	json_indent(&pretty, value, 4);
	buf_char(&pretty, '\n');
	return file_replace(dir, "config.json", pretty.data, pretty.len, 0666 & ~022, err);
}

static int run(struct context *context, void *options, char **args)
{
	struct err err;
	(void)args;
	return spec_write(options, &err) < 0 ? context_failed(context, &err) : 0;
}

const struct command cmd_spec = {
    .name = "spec",
    .usage = "[OPTIONS]",
    .summary = "Write a config.json to begin with",
    .rows = rows,
    .size = sizeof(struct spec_options),
    .args_min = 0,
    .args_max = 0,
    .mixed = true,
    .run = run,
};
