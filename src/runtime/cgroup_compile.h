/*
 * From the runtime-spec's resources and cgroupsPath to a group's settings and place. Pure: looks at nothing but its
 * arguments. Values that were meant for v1 are converted for v2 as runc converts them; what a mode does not have is
 * refused by the member's name. Sources: runtime-spec config-linux.md (Control groups), kernel cgroup-v2.rst.
 */
#pragma once

#include "oci/runtime_spec.h"
#include "runtime/cgroup.h"

/* resources may be NULL. Strings are shared with it. -EINVAL names the member ("linux: resources: memory: swap: ...").
 */
int cgroup_compile(struct arena *arena, const struct oci_resources *resources, enum cgroup_mode mode,
		   struct cgroup_settings *out_settings, struct err *err) must_check;

/*
 * cgroupfs: an absolute path is below the root of the hierarchies, another one too; none is "/ID".
 * systemd: "SLICE:PREFIX:NAME" is the scope PREFIX-NAME.scope in SLICE ("system.slice" when empty, "user.slice" for a
 * user's manager); none is "SLICE:runc:ID" as runc has it. own: below which the manager's groups lie, "" for the
 * system's (cgroup_scope_root).
 */
struct cgroup_place {
	char *path;
	struct plan_scope *scope; /* NULL: cgroupfs */
};
int cgroup_place_compile(struct arena *arena, const char *cgroups_path, const char *id, bool systemd, bool user,
			 const char *own, struct cgroup_place *out_place, struct err *err) must_check;

/* Fills settings->properties with what of its limits systemd has a property for. */
int cgroup_properties_compile(struct arena *arena, struct cgroup_settings *settings, struct err *err) must_check;

/* v1's scales in v2's. */
uint64_t cgroup_weight_from_shares(uint64_t shares);	  /* cpu.shares 2..262144 to cpu.weight 1..10000 */
uint64_t cgroup_weight_from_block(uint64_t block_weight); /* blkio 10..1000 to io.weight 1..10000 */
