#include "base/json.h"
#include "base/text.h"
#include "oci/runtime_spec.h"
#include "runtime/plan_compile.h"
#include "runtime_cli/commands.h"
#include "security/capability.h"
#include "security/seccomp.h"

static const struct option_row rows[] = {O_END};

static struct oci_features_enabled enabled = {.enabled = &(bool){true}};

static int run(struct context *context, void *options, char **args)
{
	static const char *const hooks[] = {
	    "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL};
	static const char *const namespaces[] = {"cgroup", "ipc",  "mount", "network", "pid",
						 "time",   "user", "uts",   NULL};
	static const char *const unsafe[] = {NULL};
	static bool yes = true;
	auto_arena arena = {0};
	auto_buf plain = BUF_INIT(JSON_SIZE_MAX), pretty = BUF_INIT(JSON_SIZE_MAX);
	const struct json *value;
	struct err err;
	(void)options;
	(void)args;
	enum { ALL_NAMED = CAPABILITY_NAMED };
	struct oci_features_cgroup cgroup = {
	    .v1 = &yes, .v2 = &yes, .systemd = &yes, .systemd_user = &yes, .rdma = &yes};
	struct oci_features_seccomp seccomp = {
	    .enabled = &yes,
	    .actions = (char **)(void *)seccomp_actions,
	    .operators = (char **)(void *)seccomp_operators,
	    .archs = (char **)(void *)seccomp_architectures,
	    .known_flags = (char **)(void *)seccomp_flags,
	    .supported_flags = (char **)(void *)seccomp_flags,
	};
	struct oci_features_mount_extensions mounts = {.idmap = &enabled};
	struct oci_features_linux part = {
	    .namespaces = (char **)(void *)namespaces,
	    .capabilities = capability_names(&arena, (UINT64_C(1) << ALL_NAMED) - 1),
	    .cgroup = &cgroup,
	    .seccomp = &seccomp,
	    .apparmor = &enabled,
	    .selinux = &enabled,
	    .intel_rdt = &enabled,
	    .mount_extensions = &mounts,
	    .net_devices = &enabled,
	};
	struct json_pair annotations[] = {{(char *)"org.tug.version", (char *)TUG_VERSION}};
	struct oci_features features = {
	    .oci_version_min = (char *)OCI_RUNTIME_VERSION_MIN,
	    .oci_version_max = (char *)OCI_RUNTIME_VERSION,
	    .hooks = (char **)(void *)hooks,
	    .mount_options = plan_mount_options(&arena),
	    .linux_part = &part,
	    .annotations = {annotations, array_size(annotations)},
	    .potentially_unsafe_config_annotations = (char **)(void *)unsafe,
	};
	json_encode(&plain, &table_oci_features, &features);
	if (json_parse(&arena, plain.data, plain.len, "features", &value, &err) < 0)
		return context_failed(context, &err);
	json_indent(&pretty, value, 2);
	printf("%s\n", buf_str(&pretty));
	return 0;
}

const struct command cmd_features = {
    .name = "features",
    .usage = "",
    .summary = "Print what this runtime can do",
    .rows = rows,
    .args_min = 0,
    .args_max = 0,
    .mixed = true,
    .run = run,
};
