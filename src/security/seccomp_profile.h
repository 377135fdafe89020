/*
 * Docker's seccomp profiles: the default one, built in, and those of --security-opt seccomp=FILE.
 *
 * A profile is linux.seccomp of the runtime-spec plus conditions per rule (includes, excludes: capabilities,
 * architectures, least kernel) and a map of architectures; resolving it for a container gives plain linux.seccomp.
 * The default profile is moby's (github.com/moby/profiles, Apache-2.0), byte for byte in seccomp_default.json.
 */
#pragma once

#include "base/arena.h"
#include "oci/runtime_spec.h"

struct seccomp_profile; /* a decoded profile; lives in its arena */

/* For what it is resolved. seccomp_host() fills all but the capabilities from the running system. */
struct seccomp_host {
	const char *architecture; /* as SCMP_ARCH_...: the native one */
	unsigned kernel_major, kernel_minor;
	uint64_t capabilities; /* the container's bounding set */
};
void seccomp_host(struct seccomp_host *out_host);

/* A profile from text; what names it in errors. */
int seccomp_profile_parse(struct arena *arena, const void *text, size_t size, const char *what,
			  const struct seccomp_profile **out_profile, struct err *err) must_check;

/* The built-in one. Decoding it takes a while (13 KB of JSON): keep it. */
const struct seccomp_profile *seccomp_profile_default(struct arena *arena);

/* Texts and lists of the result are shared with the profile, which must live as long. */
int seccomp_profile_resolve(struct arena *arena, const struct seccomp_profile *profile, const struct seccomp_host *host,
			    struct oci_seccomp **out_seccomp, struct err *err) must_check;
