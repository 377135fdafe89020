/*
 * The back half of the seccomp compiler: what to do per architecture and range of system-call numbers, to classic BPF.
 *
 * A section belongs to one AUDIT_ARCH value and is a sorted list of ranges from number 0 on; each range points to a
 * leaf: cases of argument tests, each with its answer, then the answer when no case matches. All in the caller's arena.
 */
#pragma once

#include "base/arena.h"

#include <linux/filter.h>
#include <stdint.h>

enum seccomp_op {
	SECCOMP_OP_NE,
	SECCOMP_OP_LT,
	SECCOMP_OP_LE,
	SECCOMP_OP_EQ,
	SECCOMP_OP_GE,
	SECCOMP_OP_GT,
	SECCOMP_OP_MASKED_EQ,
};

struct seccomp_test {
	uint32_t index; /* 0..5 */
	enum seccomp_op op;
	uint64_t value;
	uint64_t mask; /* of SECCOMP_OP_MASKED_EQ: (argument & mask) == value */
	bool low;      /* only the lower half of the argument counts */
};

struct seccomp_case {
	const struct seccomp_test *tests; /* all must hold */
	size_t count;
	uint32_t answer; /* SECCOMP_RET_... with its data */
};

struct seccomp_leaf {
	const struct seccomp_case *cases;
	size_t count;
	uint32_t answer;
	struct sock_filter *code; /* the compiler's own; NULL at first */
	uint32_t size;
};

struct seccomp_range {
	uint32_t first;
	struct seccomp_leaf *leaf;
};

struct seccomp_section {
	uint32_t audit_arch;
	const struct seccomp_range *ranges; /* ranges[0].first is 0 */
	size_t count;
};

/* The first section is the one that is reached fastest; a call of another architecture gets `foreign`. -E2BIG. */
int seccomp_tree_emit(struct arena *arena, const struct seccomp_section *sections, size_t section_count,
		      uint32_t foreign, struct sock_filter **out_code, uint32_t *out_count, struct err *err) must_check;
