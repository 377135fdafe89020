/*
 * Which devices a group may open and make: on v2 a program of the kernel's eBPF machine decides, made here from the
 * same rules that v1 takes as text ("devices.allow", "c 1:3 rwm"), with v1's meaning
 * (Documentation/admin-guide/cgroup-v1/devices.rst). base only.
 */
#pragma once

#include "base/buffer.h"
#include "runtime/plan.h"

#include <linux/bpf.h>

enum { CGROUP_DEVICE_RULES_MAX = 1024 };

/*
 * Appends struct bpf_insn to out. *out_all: everything is allowed, the program says nothing else.
 * -EINVAL for a rule that is not in v1's words, -E2BIG for too many.
 */
int cgroup_device_program(const struct plan_setting *rules, size_t count, struct buf *out, bool *out_all,
			  struct err *err) must_check;

/* Loads it and puts it in place of the one that stood at this group before, at once. dir: not O_PATH. */
int cgroup_device_set(int dir, const struct plan_setting *rules, size_t count, struct err *err) must_check;
