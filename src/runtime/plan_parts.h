/*
 * The parts of plan_compile that fill a file of their own each. Pure, as plan_compile.h.
 */
#pragma once

#include "runtime/plan_compile.h"

int plan_mounts_compile(struct arena *arena, const struct oci_spec *spec, const struct plan_options *options,
			struct plan *plan, struct err *err) must_check;
uint64_t plan_propagation(const char *word); /* MS_SHARED | MS_REC, ...; 0: unknown */
struct plan_id_range *plan_ranges_compile(struct arena *arena, const struct oci_id_mapping *items, size_t count);

/* Personality and memory policy, which the specification keeps apart from the process. */
int plan_attributes_compile(const struct oci_linux *part, const struct plan_options *options,
			    struct plan_process *process, struct err *err) must_check;

/* -EINVAL for a sysctl that is not the container's own, as its namespaces are. */
int plan_sysctl_check(const struct plan *plan, const char *name, struct err *err) must_check;
