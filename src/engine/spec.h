/*
 * From what Docker's documents ask for to the runtime-spec: Docker's defaults for namespaces, mounts, devices,
 * capabilities, masks and limits (moby's daemon/oci_linux.go). Reads the record and, for privileged containers and
 * devices, /dev; changes nothing.
 *
 * The user's name is not resolved here but where the root file system first exists.
 */
#pragma once

#include "engine/container.h"
#include "oci/runtime_spec.h"

struct spec_paths {
	const char *files;	   /* "DATA/containers/ID": what belongs to the container */
	const char *network_files; /* the same of the container whose network it has: hosts, hostname, resolv.conf */
	const char *cgroup;	   /* "/tug/ID" */
	bool cgroup_v2;
};

/* Strings of the result are the container's or live in the arena. seccomp is left to the caller. */
int spec_build(const struct container *container, struct arena *arena, const struct spec_paths *paths,
	       struct oci_spec *out_spec, struct err *err) must_check;

/* Whether its first process is tug-reaper: asked for, in a PID namespace of its own. */
bool spec_has_init(const struct host_config *host);
#define SPEC_INIT_PATH "/sbin/docker-init"

/* The limits alone, without devices: of a container that runs already. In the arena. */
void spec_limits(const struct host_config *host, struct arena *arena, struct oci_resources *out_resources);

/* The capabilities of a container, or of an exec session in it. */
int spec_capabilities(const struct host_config *host, bool privileged, uint64_t *out_set, struct err *err) must_check;

/* Docker's order of environment: PATH, HOSTNAME, TERM, then the container's own. In the arena. */
char **spec_environment(struct arena *arena, const struct container_config *config, char *const *more, bool tty);

/* How SecurityOpt decides. profile is JSON text of its own, NULL: the built-in one. -EINVAL, -EOPNOTSUPP. */
struct spec_security {
	bool no_new_privileges, seccomp_off, paths_unconfined, writable_cgroups;
	const char *profile;
	const char
	    *apparmor; /* the profile that was asked for; NULL: none was, or, with apparmor_off, none is wanted */
	bool apparmor_off;
	const char *unmask; /* paths and patterns, ":" between */
};
int spec_security(const struct host_config *host, bool default_no_new_privileges, struct spec_security *out_security,
		  struct err *err) must_check;
/* The profile of AppArmor's that a process gets; NULL: it stays as we are, unconfined. */
const char *spec_apparmor(const struct engine *engine, const struct host_config *host,
			  const struct spec_security *security);
bool spec_unmasked(const struct spec_security *security, const char *path);
