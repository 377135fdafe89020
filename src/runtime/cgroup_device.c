#include "runtime/cgroup_device.h"

#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- rules to a state: what is the rule, and what are its exceptions --- */

enum {
	ANY = -1,
	TYPE_ANY = 0,
	PROGRAMS_MAX = 64,
	ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE
};

struct exception {
	int type; /* BPF_DEVCG_DEV_* */
	int64_t major, minor;
	unsigned access;
};

struct device_state {
	bool allow; /* what is not an exception */
	struct exception *items;
	size_t count;
};

static bool same_device(const struct exception *a, const struct exception *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static void exception_add(struct device_state *state, const struct exception *rule)
{
	for (size_t i = 0; i < state->count; i++) {
		if (same_device(&state->items[i], rule)) {
			state->items[i].access |= rule->access;
			return;
		}
	}
	state->items[state->count++] = *rule;
}

static void exception_remove(struct device_state *state, const struct exception *rule)
{
	for (size_t i = 0; i < state->count; i++) {
		if (!same_device(&state->items[i], rule))
			continue;
		state->items[i].access &= ~rule->access;
		if (state->items[i].access == 0)
			memmove(&state->items[i], &state->items[i + 1], (--state->count - i) * sizeof *state->items);
		return;
	}
}

static int number_or_any(const char **at, char end, int64_t *out_value, struct err *err)
{
	size_t size = strcspn(*at, (char[]){end, 0});
	auto_free char *text = x_strndup(*at, size);
	if ((*at)[size] != end)
		return err_set(err, EINVAL, "not a device");
	*at += size + 1;
	*out_value = ANY;
	return text_equal(text, "*") ? 0 : number_parse(text, 0, UINT32_MAX, "device number", out_value, err);
}

/* "c 1:* rw" */
static int rule_parse(const char *text, struct exception *out_rule, struct err *err)
{
	struct exception rule = {.type = text[0] == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR};
	const char *at = text + 2;
	if ((text[0] != 'b' && text[0] != 'c') || text[1] != ' ')
		return err_set(err, EINVAL, "device rule \"%s\": the type is not a, b or c", text);
	int rc = number_or_any(&at, ':', &rule.major, err);
	if (rc == 0)
		rc = number_or_any(&at, ' ', &rule.minor, err);
	if (rc < 0)
		return err_wrap(err, "device rule \"%s\"", text);
	for (const char *c = at; *c; c++)
		rule.access |= *c == 'r'   ? BPF_DEVCG_ACC_READ
			       : *c == 'w' ? BPF_DEVCG_ACC_WRITE
			       : *c == 'm' ? BPF_DEVCG_ACC_MKNOD
					   : 1U << 31;
	if (rule.access == 0 || rule.access > ACCESS_ALL)
		return err_set(err, EINVAL, "device rule \"%s\": the access is not some of r, w and m", text);
	*out_rule = rule;
	return 0;
}

static int state_make(const struct plan_setting *rules, size_t count, struct device_state *state, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		bool allow = text_equal(rules[i].file, "devices.allow");
		struct exception rule;
		if (rules[i].value[0] == 'a') { /* whatever follows: the kernel does not look at it */
			state->allow = allow;
			state->count = 0;
			continue;
		}
		int rc = rule_parse(rules[i].value, &rule, err);
		if (rc < 0)
			return rc;
		if (allow == state->allow)
			exception_remove(state, &rule);
		else
			exception_add(state, &rule);
	}
	return 0;
}

/* --- a state to a program --- */

enum { R0, R1, R2_TYPE, R3_ACCESS, R4_MAJOR, R5_MINOR };

static void emit(struct buf *out, unsigned code, unsigned to, unsigned from, int jump, int32_t value)
{
	struct bpf_insn instruction = {.code = (uint8_t)code,
				       .dst_reg = (uint8_t)(to & 15),
				       .src_reg = (uint8_t)(from & 15),
				       .off = (int16_t)jump,
				       .imm = value};
	buf_append(out, &instruction, sizeof instruction);
}

static void emit_return(struct buf *out, bool allow)
{
	emit(out, BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, allow);
	emit(out, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* struct bpf_cgroup_dev_ctx: access_type (access << 16 | type), major, minor */
static void emit_head(struct buf *out)
{
	emit(out, BPF_LDX | BPF_MEM | BPF_W, R2_TYPE, R1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(out, BPF_ALU64 | BPF_MOV | BPF_X, R3_ACCESS, R2_TYPE, 0, 0);
	emit(out, BPF_ALU64 | BPF_RSH | BPF_K, R3_ACCESS, 0, 0, 16);
	emit(out, BPF_ALU64 | BPF_AND | BPF_K, R2_TYPE, 0, 0, 0xffff);
	emit(out, BPF_LDX | BPF_MEM | BPF_W, R4_MAJOR, R1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(out, BPF_LDX | BPF_MEM | BPF_W, R5_MINOR, R1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
}

/*
 * An exception that allows must cover all of the access that is asked for; one that denies needs to touch it. Each jump
 * goes behind the return at the end.
 */
static void emit_exception(struct buf *out, const struct exception *rule, bool allows)
{
	enum { ACCESS_SIZE = 3, RETURN_SIZE = 2 };
	bool access = !(allows && rule->access == ACCESS_ALL);
	int left = 1 + (access ? ACCESS_SIZE : 0) + (rule->major != ANY) + (rule->minor != ANY) + RETURN_SIZE;
	emit(out, BPF_JMP | BPF_JNE | BPF_K, R2_TYPE, 0, left -= 1, rule->type);
	if (access) {
		left -= ACCESS_SIZE;
		emit(out, BPF_ALU64 | BPF_MOV | BPF_X, R1, R3_ACCESS, 0, 0);
		emit(out, BPF_ALU64 | BPF_AND | BPF_K, R1, 0, 0,
		     (int32_t)(allows ? ACCESS_ALL & ~rule->access : rule->access));
		emit(out, BPF_JMP | (allows ? BPF_JNE : BPF_JEQ) | BPF_K, R1, 0, left, 0);
	}
	if (rule->major != ANY)
		emit(out, BPF_JMP | BPF_JNE | BPF_K, R4_MAJOR, 0, left -= 1, (int32_t)rule->major);
	if (rule->minor != ANY)
		emit(out, BPF_JMP | BPF_JNE | BPF_K, R5_MINOR, 0, left -= 1, (int32_t)rule->minor);
	emit_return(out, allows);
}

int cgroup_device_program(const struct plan_setting *rules, size_t count, struct buf *out, bool *out_all,
			  struct err *err)
{
	struct device_state state = {.allow = true}; /* a new group allows what the one above does */
	if (count > CGROUP_DEVICE_RULES_MAX)
		return err_set(err, E2BIG, "%zu device rules are more than %d", count, CGROUP_DEVICE_RULES_MAX);
	auto_free struct exception *items = x_alloc((count + 1) * sizeof *items);
	state.items = items;
	int rc = state_make(rules, count, &state, err);
	if (rc < 0)
		return rc;
	emit_head(out);
	for (size_t i = 0; i < state.count; i++)
		emit_exception(out, &state.items[i], !state.allow);
	emit_return(out, state.allow);
	*out_all = state.allow && state.count == 0;
	return buf_check(out, "the device program", err);
}

/* --- in the kernel --- */

static const char program_name[] = "tug_device";

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof *attr);
}

static int program_load(const struct buf *code, int *out_fd, struct err *err)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)code->data;
	attr.insn_cnt = (uint32_t)(code->len / sizeof(struct bpf_insn));
	attr.license = (uint64_t)(uintptr_t) "Apache-2.0";
	memcpy(attr.prog_name, program_name, sizeof program_name);
	int fd = bpf(BPF_PROG_LOAD, &attr);
	struct rlimit before, all = {RLIM_INFINITY, RLIM_INFINITY};
	/* kernel 5.11: programs count as the group's memory; before, as locked memory. */
	if (fd < 0 && errno == EPERM && getrlimit(RLIMIT_MEMLOCK, &before) == 0 &&
	    setrlimit(RLIMIT_MEMLOCK, &all) == 0) {
		fd = bpf(BPF_PROG_LOAD, &attr);
		int saved = errno;
		if (setrlimit(RLIMIT_MEMLOCK, &before) < 0 && fd >= 0)
			saved = errno;
		errno = saved;
	}
	if (fd < 0)
		return err_sys(err, "load the device program");
	*out_fd = fd;
	return 0;
}

/* The one that we put there before, or -1; systemd's beside it stays. */
static int program_find(int dir)
{
	uint32_t ids[PROGRAMS_MAX] = {0};
	union bpf_attr attr;
	memset(&attr, 0, sizeof attr);
	attr.query.target_fd = (uint32_t)dir;
	attr.query.attach_type = BPF_CGROUP_DEVICE;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS_MAX;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return -1;
	uint32_t count = attr.query.prog_cnt;
	for (uint32_t i = 0; i < count; i++) {
		struct bpf_prog_info info;
		memset(&attr, 0, sizeof attr);
		memset(&info, 0, sizeof info);
		attr.prog_id = ids[i];
		int fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);
		if (fd < 0)
			continue;
		memset(&attr, 0, sizeof attr);
		attr.info.bpf_fd = (uint32_t)fd;
		attr.info.info_len = sizeof info;
		attr.info.info = (uint64_t)(uintptr_t)&info;
		if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0 && text_equal(info.name, program_name))
			return fd;
		close(fd);
	}
	return -1;
}

static int program_attach(int dir, int program, int old, struct err *err)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)dir;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (old >= 0) {
		attr.attach_flags |= BPF_F_REPLACE;
		attr.replace_bpf_fd = (uint32_t)old;
		if (bpf(BPF_PROG_ATTACH, &attr) == 0)
			return 0;
		/* kernel 5.6: BPF_F_REPLACE; before, for a moment both hold. */
		attr.attach_flags = BPF_F_ALLOW_MULTI;
		attr.replace_bpf_fd = 0;
	}
	if (bpf(BPF_PROG_ATTACH, &attr) < 0)
		return err_sys(err, "attach the device program");
	if (old < 0)
		return 0;
	attr.attach_bpf_fd = (uint32_t)old;
	attr.attach_flags = 0;
	return bpf(BPF_PROG_DETACH, &attr) < 0 ? err_sys(err, "detach the old device program") : 0;
}

int cgroup_device_set(int dir, const struct plan_setting *rules, size_t count, struct err *err)
{
	auto_buf code = BUF_INIT(sizeof(struct bpf_insn) * 16 * (CGROUP_DEVICE_RULES_MAX + 1));
	auto_fd int program = -1, old = program_find(dir);
	bool all;
	int rc = cgroup_device_program(rules, count, &code, &all, err);
	if (rc < 0 || (all && old < 0))
		return rc;
	rc = program_load(&code, &program, err);
	return rc < 0 ? rc : program_attach(dir, program, old, err);
}
