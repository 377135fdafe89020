/*
 * The seccomp compiler: linux.seccomp of the runtime-spec to classic BPF, by way of a range tree.
 *
 * The program compares the architecture, then finds the system call's number by binary search over ranges with equal
 * treatment, so that any call costs about ten instructions and the kernel, which runs the filter once over all numbers
 * when it is loaded, is done fast. libseccomp is asked for numbers of names, nothing else. seccomp_cache.h keeps
 * results.
 *
 * Meaning, as under runc and crun:
 * - the native architecture is always meant; a call of one that is not listed kills the process;
 * - a rule whose action is the default one says nothing; of several rules for a call one without conditions wins, then
 *   the first in the document whose conditions match; conditions of one rule must all match, except that several on the
 *   same argument are alternatives;
 * - a name that an architecture does not have is skipped there; one that no architecture has is ignored, as runc does:
 *   profiles name calls of kernels to come;
 * - a call with a number above the highest that the rules name gets ENOSYS where the default would refuse it, so that
 *   programs fall back from calls that are newer than the profile;
 * - arguments of 32-bit architectures, and those that the kernel cuts to 32 bits everywhere (a socket's family, an
 *   ioctl's command), are compared in their lower half: the upper one would be a way around the rule.
 *
 * Limits: BPF_MAXINSNS (4096) instructions.
 */
#pragma once

#include "base/arena.h"
#include "oci/runtime_spec.h"

#include <linux/filter.h>
#include <stdint.h>

struct seccomp_filter {
	struct sock_filter *code;
	uint32_t count; /* instructions; 0: no filter is needed */
	uint32_t flags; /* SECCOMP_FILTER_FLAG_LOG, _SPEC_ALLOW, _WAIT_KILLABLE_RECV for seccomp(2) */
	bool notify;	/* an action is SCMP_ACT_NOTIFY: the loader asks for a listener */
};

/* The result lives in the arena. -EINVAL names the member; -E2BIG past the limit. */
int seccomp_compile(struct arena *arena, const struct oci_seccomp *spec, struct seccomp_filter *out_filter,
		    struct err *err) must_check;

/* What `features` lists; NULL-terminated. */
extern const char *const seccomp_actions[], *const seccomp_operators[], *const seccomp_architectures[],
									    *const seccomp_flags[];
