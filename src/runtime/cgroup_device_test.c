#include "runtime/cgroup_device.h"

#include "unit/test.h"

static struct err err;

/* The kernel's machine, as far as our programs use it. */
static bool run(const struct buf *code, uint32_t type, uint32_t access, uint32_t major, uint32_t minor)
{
	const struct bpf_insn *program = (const struct bpf_insn *)(const void *)code->data;
	const uint32_t context[3] = {access << 16 | type, major, minor};
	uint64_t registers[16] = {0};
	for (size_t at = 0; at < code->len / sizeof *program; at++) {
		const struct bpf_insn *one = &program[at];
		uint64_t *to = &registers[one->dst_reg], from = registers[one->src_reg];
		switch (one->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			*to = context[one->off / 4];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*to = from;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*to = (uint64_t)(int64_t)one->imm;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			*to &= (uint64_t)(int64_t)one->imm;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			*to >>= one->imm;
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += *to != (uint64_t)(int64_t)one->imm ? (size_t)one->off : 0;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += *to == (uint64_t)(int64_t)one->imm ? (size_t)one->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return registers[0] == 1;
		default:
			test_fail(__FILE__, __LINE__, "instruction %zu: code %#x", at, one->code);
		}
	}
	test_fail(__FILE__, __LINE__, "the program has no end");
}

enum { BLOCK = BPF_DEVCG_DEV_BLOCK, CHAR = BPF_DEVCG_DEV_CHAR, M = 1, R = 2, W = 4 };
#define RULE(allows, text) ((struct plan_setting){(char *)"devices", (char *)(allows), (char *)(text)})
#define ALLOW(text) RULE("devices.allow", text)
#define DENY(text) RULE("devices.deny", text)

static void compile(const struct plan_setting *rules, size_t count, struct buf *code, bool *all)
{
	*code = (struct buf)BUF_INIT(1 << 20);
	CHECK_OK(cgroup_device_program(rules, count, code, all, &err));
	CHECK_INT(code->len % sizeof(struct bpf_insn), 0);
}

TEST(what_is_not_named_is_refused)
{
	const struct plan_setting rules[] = {DENY("a"), ALLOW("c 1:3 rwm"), ALLOW("c *:* m"), ALLOW("c 136:* rw"),
					     ALLOW("b 8:0 r")};
	auto_buf code = BUF_INIT(0);
	bool all;
	compile(rules, array_size(rules), &code, &all);
	CHECK(!all);
	CHECK(run(&code, CHAR, R | W, 1, 3));
	CHECK(run(&code, CHAR, M, 7, 7));
	CHECK(!run(&code, CHAR, R, 7, 7));
	CHECK(!run(&code, CHAR, R | M, 7, 7));
	CHECK(!run(&code, BLOCK, M, 7, 7));
	CHECK(run(&code, CHAR, R, 136, 4711));
	CHECK(!run(&code, CHAR, R, 137, 0));
	CHECK(run(&code, BLOCK, R, 8, 0));
	CHECK(!run(&code, BLOCK, R | W, 8, 0));
	CHECK(!run(&code, BLOCK, R, 8, 1));
	CHECK(!run(&code, CHAR, R, 8, 0));
}

TEST(accesses_of_one_device_add_up)
{
	const struct plan_setting rules[] = {DENY("a"), ALLOW("c 5:1 r"), ALLOW("c 5:1 w"), ALLOW("c 5:1 m"),
					     DENY("c 5:1 m")};
	auto_buf code = BUF_INIT(0);
	bool all;
	compile(rules, array_size(rules), &code, &all);
	CHECK(run(&code, CHAR, R | W, 5, 1));
	CHECK(!run(&code, CHAR, M, 5, 1));
}

TEST(all_but_some)
{
	const struct plan_setting rules[] = {DENY("a"), ALLOW("a"), DENY("c 10:229 rw"), DENY("b 8:* w"),
					     ALLOW("c 10:229 w")};
	auto_buf code = BUF_INIT(0);
	bool all;
	compile(rules, array_size(rules), &code, &all);
	CHECK(!all);
	CHECK(!run(&code, CHAR, R | W, 10, 229));
	CHECK(run(&code, CHAR, W | M, 10, 229));
	CHECK(!run(&code, BLOCK, R | W, 8, 1));
	CHECK(run(&code, BLOCK, R, 8, 1));
	CHECK(run(&code, CHAR, R, 1, 1));
}

TEST(everything)
{
	const struct plan_setting rules[] = {DENY("a"), ALLOW("c 1:3 r"), ALLOW("a *:* rwm")};
	auto_buf code = BUF_INIT(0);
	bool all;
	compile(rules, array_size(rules), &code, &all);
	CHECK(all);
	CHECK(run(&code, BLOCK, R | W | M, 8, 0));
}

TEST(rules_of_other_words_are_refused)
{
	static const char *const wrong[] = {"",	     "c",	 "x 1:3 r",  "c 1:3",	  "c 1:3 ",   "c 1:3 x",
					    "c 1 r", "c 1:3 rq", "c -1:3 r", "c 1,3:3 r", "c 1:0x3 r"};
	for (size_t i = 0; i < array_size(wrong); i++) {
		const struct plan_setting rule = ALLOW(wrong[i]), rules[] = {DENY("a"), rule};
		auto_buf code = BUF_INIT(4096);
		bool all;
		CHECK_ERR(cgroup_device_program(rules, 2, &code, &all, &err), EINVAL);
	}
}
