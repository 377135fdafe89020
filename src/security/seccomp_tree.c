#include "security/seccomp_tree.h"

#include <linux/audit.h>
#include <linux/bpf_common.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>

/* Offsets of the halves of an argument; every architecture that we compile for is little-endian. */
#define LOW(index) ((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (index)))
#define HIGH(index) (LOW(index) + 4)

/* Jump targets within one leaf, until they are known. */
enum { NEXT = 0, PASS = 254, FAIL = 255, LEAF_MAX = 2048 };

struct code {
	struct sock_filter *at; /* of LEAF_MAX or BPF_MAXINSNS */
	uint32_t count, max;
	bool overflow;
};

static void put(struct code *code, uint16_t op, uint8_t jt, uint8_t jf, uint32_t k)
{
	if (code->count == code->max)
		code->overflow = true;
	else
		code->at[code->count++] = (struct sock_filter){op, jt, jf, k};
}

static void put_load(struct code *code, uint32_t offset)
{
	put(code, BPF_LD | BPF_W | BPF_ABS, 0, 0, offset);
}

static void put_jump(struct code *code, uint16_t op, uint8_t jt, uint8_t jf, uint32_t k)
{
	put(code, BPF_JMP | BPF_K | op, jt, jf, k);
}

/* --- argument tests --- */

static void put_masked(struct code *code, const struct seccomp_test *test)
{
	uint32_t mask_high = (uint32_t)(test->mask >> 32), mask_low = (uint32_t)test->mask;
	if (!test->low && (mask_high || test->value >> 32)) {
		put_load(code, HIGH(test->index));
		put(code, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask_high);
		put_jump(code, BPF_JEQ, NEXT, FAIL, (uint32_t)(test->value >> 32));
	}
	put_load(code, LOW(test->index));
	put(code, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask_low);
	put_jump(code, BPF_JEQ, PASS, FAIL, (uint32_t)test->value);
}

static void put_equal(struct code *code, const struct seccomp_test *test)
{
	bool equal = test->op == SECCOMP_OP_EQ;
	if (!test->low) {
		put_load(code, HIGH(test->index));
		put_jump(code, BPF_JEQ, NEXT, equal ? FAIL : PASS, (uint32_t)(test->value >> 32));
	}
	put_load(code, LOW(test->index));
	put_jump(code, BPF_JEQ, equal ? PASS : FAIL, equal ? FAIL : PASS, (uint32_t)test->value);
}

/* GT and GE, and LT and LE as their opposites. */
static void put_order(struct code *code, const struct seccomp_test *test)
{
	uint32_t high = (uint32_t)(test->value >> 32), low = (uint32_t)test->value;
	bool opposite = test->op == SECCOMP_OP_LT || test->op == SECCOMP_OP_LE;
	bool or_equal = test->op == SECCOMP_OP_GE || test->op == SECCOMP_OP_LT;
	uint8_t above = opposite ? FAIL : PASS, below = opposite ? PASS : FAIL;
	if (!test->low) {
		put_load(code, HIGH(test->index));
		put_jump(code, BPF_JGT, above, NEXT, high);
		put_jump(code, BPF_JEQ, NEXT, below, high);
	} else if (high) {
		/* A 32-bit argument is below every such value. */
		put_load(code, LOW(test->index));
		put_jump(code, BPF_JEQ, below, below, 0);
		return;
	}
	put_load(code, LOW(test->index));
	put_jump(code, or_equal ? BPF_JGE : BPF_JGT, above, below, low);
}

static void put_test(struct code *code, const struct seccomp_test *test)
{
	uint32_t start = code->count;
	if (test->op == SECCOMP_OP_MASKED_EQ)
		put_masked(code, test);
	else if (test->op == SECCOMP_OP_EQ || test->op == SECCOMP_OP_NE)
		put_equal(code, test);
	else
		put_order(code, test);
	/* PASS goes behind the test; FAIL stays for put_case. */
	for (uint32_t i = start; i < code->count; i++) {
		if (BPF_CLASS(code->at[i].code) != BPF_JMP)
			continue;
		uint8_t rest = (uint8_t)(code->count - i - 1);
		if (code->at[i].jt == PASS)
			code->at[i].jt = rest;
		if (code->at[i].jf == PASS)
			code->at[i].jf = rest;
	}
}

static void put_case(struct code *code, const struct seccomp_case *one)
{
	uint32_t start = code->count;
	for (size_t i = 0; i < one->count; i++)
		put_test(code, &one->tests[i]);
	put(code, BPF_RET | BPF_K, 0, 0, one->answer);
	/* At most 6 tests of 5 instructions: the distance fits. */
	for (uint32_t i = start; i < code->count; i++) {
		if (BPF_CLASS(code->at[i].code) != BPF_JMP)
			continue;
		uint8_t rest = (uint8_t)(code->count - i - 1);
		if (code->at[i].jt == FAIL)
			code->at[i].jt = rest;
		if (code->at[i].jf == FAIL)
			code->at[i].jf = rest;
	}
}

static int leaf_compile(struct arena *arena, struct sock_filter *room, struct seccomp_leaf *leaf, struct err *err)
{
	if (leaf->code)
		return 0;
	struct code code = {.at = room, .max = LEAF_MAX};
	for (size_t i = 0; i < leaf->count; i++)
		put_case(&code, &leaf->cases[i]);
	put(&code, BPF_RET | BPF_K, 0, 0, leaf->answer);
	if (code.overflow)
		return err_set(err, E2BIG, "seccomp: too many rules with arguments for one system call");
	leaf->code = arena_array(arena, struct sock_filter, code.count);
	memcpy(leaf->code, room, code.count * sizeof room[0]);
	leaf->size = code.count;
	return 0;
}

/* --- the tree --- */

/* A node is "at or above ranges[middle].first?": the lower half follows at once, the upper half behind it. */
static size_t tree_middle(size_t count)
{
	return count / 2;
}

static uint32_t tree_size(const struct seccomp_range *ranges, size_t count)
{
	if (count == 1)
		return ranges[0].leaf->size;
	size_t middle = tree_middle(count);
	uint32_t lower = tree_size(ranges, middle);
	return (lower > UINT8_MAX ? 2 : 1) + lower + tree_size(ranges + middle, count - middle);
}

static void put_tree(struct code *code, const struct seccomp_range *ranges, size_t count)
{
	if (count == 1) {
		for (uint32_t i = 0; i < ranges[0].leaf->size; i++) {
			const struct sock_filter *from = &ranges[0].leaf->code[i];
			put(code, from->code, from->jt, from->jf, from->k);
		}
		return;
	}
	size_t middle = tree_middle(count);
	uint32_t lower = tree_size(ranges, middle);
	if (lower > UINT8_MAX) {
		put_jump(code, BPF_JGE, 0, 1, ranges[middle].first);
		put_jump(code, BPF_JA, 0, 0, lower);
	} else {
		put_jump(code, BPF_JGE, (uint8_t)lower, 0, ranges[middle].first);
	}
	put_tree(code, ranges, middle);
	put_tree(code, ranges + middle, count - middle);
}

int seccomp_tree_emit(struct arena *arena, const struct seccomp_section *sections, size_t section_count,
		      uint32_t foreign, struct sock_filter **out_code, uint32_t *out_count, struct err *err)
{
	struct code code = {.at = arena_array(arena, struct sock_filter, BPF_MAXINSNS), .max = BPF_MAXINSNS};
	struct sock_filter *room = arena_array(arena, struct sock_filter, LEAF_MAX);
	put_load(&code, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < section_count; i++) {
		const struct seccomp_section *section = &sections[i];
		for (size_t j = 0; j < section->count; j++) {
			int r = leaf_compile(arena, room, section->ranges[j].leaf, err);
			if (r < 0)
				return r;
		}
		put_jump(&code, BPF_JEQ, 1, 0, section->audit_arch);
		put_jump(&code, BPF_JA, 0, 0, 1 + tree_size(section->ranges, section->count));
		put_load(&code, offsetof(struct seccomp_data, nr));
		put_tree(&code, section->ranges, section->count);
	}
	put(&code, BPF_RET | BPF_K, 0, 0, foreign);
	if (code.overflow)
		return err_set(err, E2BIG, "seccomp: the filter is larger than the kernel's limit of %d instructions",
			       BPF_MAXINSNS);
	*out_code = code.at;
	*out_count = code.count;
	return 0;
}
