#include "runtime_cli/criu_message.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

enum wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };
enum { WIRE_BITS = 3, VARINT_BITS = 7, VARINT_MAX = 10 };

const char *criu_kind_name(enum criu_kind kind)
{
	switch (kind) {
	case CRIU_DUMP:
		return "DUMP";
	case CRIU_RESTORE:
		return "RESTORE";
	case CRIU_PRE_DUMP:
		return "PRE_DUMP";
	case CRIU_NOTIFY:
		return "NOTIFY";
	case CRIU_FEATURE_CHECK:
		return "FEATURE_CHECK";
	case CRIU_VERSION:
		return "VERSION";
	}
	return "UNKNOWN";
}

void criu_pair_add(struct arena *arena, struct criu_pairs *pairs, const char *key, const char *value, int64_t number)
{
	/* Room doubles at each power of two. */
	if ((pairs->count & (pairs->count + 1)) == 0) {
		struct criu_pair *items = arena_array(arena, struct criu_pair, (pairs->count + 1) * 2);
		if (pairs->count)
			memcpy(items, pairs->items, pairs->count * sizeof *items);
		pairs->items = items;
	}
	pairs->items[pairs->count++] = (struct criu_pair){key, value, number};
}

/* --- writing --- */

static void put_varint(struct buf *out, uint64_t value)
{
	for (; value >> VARINT_BITS; value >>= VARINT_BITS)
		buf_char(out, (char)(value | 0x80));
	buf_char(out, (char)value);
}

static void put_number(struct buf *out, uint32_t member, int64_t value)
{
	put_varint(out, member << WIRE_BITS | WIRE_VARINT);
	put_varint(out, (uint64_t)value); /* negative ones are ten bytes long */
}

static void put_bytes(struct buf *out, uint32_t member, const void *data, size_t size)
{
	put_varint(out, member << WIRE_BITS | WIRE_BYTES);
	put_varint(out, size);
	buf_append(out, data, size);
}

static void put_text(struct buf *out, uint32_t member, const char *text)
{
	put_bytes(out, member, text, strlen(text));
}

enum row_type {
	ROW_FLAG,   /* bool, written when it is true */
	ROW_NUMBER, /* int64_t, written when it is not 0 */
	ROW_ALWAYS, /* int64_t, written */
	ROW_TEXT,   /* const char *, written when it is there */
	ROW_PAIRS,  /* struct criu_pairs, a message each: 1 the key, 2 the value */
	ROW_KEYS,   /* struct criu_pairs, a text each */
};

struct row {
	uint8_t member;
	uint8_t type;
	uint16_t offset;
};
#define ROW(number, type, name)                                   \
	{                                                         \
		number, type, offsetof(struct criu_options, name) \
	}

/* The numbers of criu's message criu_opts. */
static const struct row option_rows[] = {
    ROW(1, ROW_ALWAYS, images_dir),
    ROW(2, ROW_NUMBER, pid),
    ROW(3, ROW_FLAG, leave_running),
    ROW(4, ROW_FLAG, unix_sockets),
    ROW(5, ROW_FLAG, tcp_established),
    ROW(6, ROW_FLAG, evasive_devices),
    ROW(7, ROW_FLAG, shell_job),
    ROW(8, ROW_FLAG, file_locks),
    ROW(9, ROW_NUMBER, log_level),
    ROW(10, ROW_TEXT, log_file),
    ROW(12, ROW_FLAG, notify_scripts),
    ROW(13, ROW_TEXT, root),
    ROW(14, ROW_TEXT, parent),
    ROW(15, ROW_FLAG, track_mem),
    ROW(16, ROW_FLAG, auto_dedup),
    ROW(17, ROW_NUMBER, work_dir),
    ROW(18, ROW_FLAG, link_remap),
    ROW(23, ROW_PAIRS, mounts),
    ROW(24, ROW_FLAG, manage_cgroups),
    ROW(25, ROW_PAIRS, groups),
    ROW(26, ROW_FLAG, restore_sibling),
    ROW(27, ROW_PAIRS, inherit),
    ROW(34, ROW_ALWAYS, cgroups),
    ROW(37, ROW_KEYS, external_ns),
    ROW(38, ROW_NUMBER, empty_ns),
    ROW(39, ROW_PAIRS, join),
    ROW(44, ROW_TEXT, freeze_cgroup),
    ROW(46, ROW_FLAG, tcp_skip_in_flight),
    ROW(48, ROW_FLAG, lazy_pages),
    ROW(50, ROW_FLAG, orphan_terminal),
    ROW(51, ROW_TEXT, config_file),
    ROW(53, ROW_TEXT, lsm_profile),
    ROW(63, ROW_TEXT, lsm_mount_context),
};
enum { OPTIONS_PAGE_SERVER = 11, MESSAGE_MAX = 1 << 20 };

static void pair_put(struct buf *out, uint32_t member, const struct criu_pair *pair)
{
	auto_buf inner = BUF_INIT(MESSAGE_MAX);
	put_text(&inner, 1, pair->key);
	if (pair->value)
		put_text(&inner, 2, pair->value);
	else
		put_number(&inner, 2, pair->number);
	out->overflow = out->overflow || inner.overflow;
	put_bytes(out, member, inner.data, inner.len);
}

static void row_put(struct buf *out, const struct row *row, const struct criu_options *options)
{
	const void *at = (const char *)options + row->offset;
	const struct criu_pairs *pairs = at;
	const char *text;
	int64_t number;
	switch (row->type) {
	case ROW_FLAG:
		if (*(const bool *)at)
			put_number(out, row->member, 1);
		break;
	case ROW_NUMBER:
	case ROW_ALWAYS:
		memcpy(&number, at, sizeof number);
		if (number || row->type == ROW_ALWAYS)
			put_number(out, row->member, number);
		break;
	case ROW_TEXT:
		memcpy(&text, at, sizeof text);
		if (text)
			put_text(out, row->member, text);
		break;
	case ROW_PAIRS:
		for (size_t i = 0; i < pairs->count; i++)
			pair_put(out, row->member, &pairs->items[i]);
		break;
	case ROW_KEYS:
		for (size_t i = 0; i < pairs->count; i++)
			put_text(out, row->member, pairs->items[i].key);
		break;
	default:
		BUG("a row of criu's options has no type");
	}
}

static void options_put(struct buf *out, const struct criu_options *options)
{
	for (size_t i = 0; i < array_size(option_rows); i++)
		row_put(out, &option_rows[i], options);
	if (options->server_address) {
		const struct criu_pair server = {options->server_address, NULL, options->server_port};
		pair_put(out, OPTIONS_PAGE_SERVER, &server);
	}
}

void criu_request_encode(const struct criu_request *request, struct buf *out)
{
	auto_buf inner = BUF_INIT(MESSAGE_MAX);
	put_number(out, 1, request->kind);
	if (request->options) {
		options_put(&inner, request->options);
		put_bytes(out, 2, inner.data, inner.len);
	}
	if (request->notify_success)
		put_number(out, 3, 1);
	if (request->kind == CRIU_FEATURE_CHECK) {
		buf_reset(&inner);
		put_number(&inner, 1, request->mem_track);
		put_number(&inner, 2, request->lazy_pages);
		put_bytes(out, 5, inner.data, inner.len);
	}
	out->overflow = out->overflow || inner.overflow;
}

/* --- reading --- */

struct input {
	const unsigned char *at, *end;
};

struct member {
	uint64_t number;
	uint64_t value;	     /* of a number */
	struct input inside; /* of bytes */
};

static bool get_varint(struct input *input, uint64_t *out_value)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < VARINT_MAX && input->at < input->end; i++) {
		unsigned char byte = *input->at++;
		value |= (uint64_t)(byte & 0x7f) << (i * VARINT_BITS);
		if (!(byte & 0x80)) {
			*out_value = value;
			return true;
		}
	}
	return false;
}

/* 1: one was read; 0: the end; -1: it is damaged. */
static int member_next(struct input *input, struct member *out)
{
	uint64_t tag, size;
	if (input->at == input->end)
		return 0;
	*out = (struct member){0};
	if (!get_varint(input, &tag))
		return -1;
	out->number = tag >> WIRE_BITS;
	switch (tag & ((1 << WIRE_BITS) - 1)) {
	case WIRE_VARINT:
		return get_varint(input, &out->value) ? 1 : -1;
	case WIRE_BYTES:
		if (!get_varint(input, &size))
			return -1;
		break;
	case WIRE_FIXED64:
		size = 8;
		break;
	case WIRE_FIXED32:
		size = 4;
		break;
	default:
		return -1;
	}
	if (size > (uint64_t)(input->end - input->at))
		return -1;
	out->inside = (struct input){input->at, input->at + size};
	input->at += size;
	return 1;
}

static void text_take(const struct member *member, char *out, size_t room)
{
	size_t size = (size_t)(member->inside.end - member->inside.at);
	if (size > room - 1)
		size = room - 1;
	if (size)
		memcpy(out, member->inside.at, size);
	out[size] = 0;
}

/* Members of messages in the answer, by the answer's member. */
enum { ANSWER_RESTORE = 4, ANSWER_NOTIFY = 5, ANSWER_FEATURES = 8, ANSWER_VERSION = 10 };

static void inner_take(uint64_t outer, const struct member *member, struct criu_answer *answer)
{
	int64_t value = (int64_t)member->value;
	switch (outer << 8 | member->number) {
	case ANSWER_RESTORE << 8 | 1:
	case ANSWER_NOTIFY << 8 | 2:
		answer->pid = value;
		break;
	case ANSWER_NOTIFY << 8 | 1:
		text_take(member, answer->script, sizeof answer->script);
		break;
	case ANSWER_FEATURES << 8 | 1:
		answer->mem_track = value;
		break;
	case ANSWER_FEATURES << 8 | 2:
		answer->lazy_pages = value;
		break;
	case ANSWER_VERSION << 8 | 1:
		answer->major = value;
		break;
	case ANSWER_VERSION << 8 | 2:
		answer->minor = value;
		break;
	case ANSWER_VERSION << 8 | 4:
		answer->sublevel = value;
		break;
	default:
		break;
	}
}

static int outer_take(const struct member *member, struct criu_answer *answer)
{
	struct input inside = member->inside;
	struct member inner;
	int got;
	switch (member->number) {
	case 1:
		answer->kind = (int64_t)member->value;
		return 0;
	case 2:
		answer->success = member->value;
		return 0;
	case 7:
		answer->error = (int64_t)member->value;
		return 0;
	case ANSWER_RESTORE:
	case ANSWER_NOTIFY:
	case ANSWER_FEATURES:
	case ANSWER_VERSION:
		break;
	default:
		return 0;
	}
	while ((got = member_next(&inside, &inner)) > 0)
		inner_take(member->number, &inner, answer);
	return got;
}

int criu_answer_decode(const void *data, size_t size, struct criu_answer *out_answer, struct err *err)
{
	struct criu_answer answer = {0};
	struct input input = {data, (const unsigned char *)data + size};
	struct member member;
	int got;
	while ((got = member_next(&input, &member)) > 0) {
		if (outer_take(&member, &answer) < 0)
			return err_set(err, EPROTO, "criu's answer is damaged");
	}
	if (got < 0 || answer.kind == 0)
		return err_set(err, EPROTO, "criu's answer is damaged");
	*out_answer = answer;
	return 0;
}
