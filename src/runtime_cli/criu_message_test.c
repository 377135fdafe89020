#include "runtime_cli/criu_message.h"

#include "unit/test.h"

#include <string.h>

static struct err err;

static void check_request(const struct criu_request *request, const void *bytes, size_t size)
{
	auto_buf out = BUF_INIT(4096);
	criu_request_encode(request, &out);
	CHECK_INT(out.len, size);
	CHECK(out.len == size && memcmp(out.data, bytes, size) == 0);
}

/* Bytes as criu's own library writes them. */
TEST(requests_are_criu_s)
{
	check_request(&(struct criu_request){.kind = CRIU_VERSION}, "\x08\x0a", 2);
	check_request(&(struct criu_request){.kind = CRIU_NOTIFY, .notify_success = true}, "\x08\x06\x18\x01", 4);
	check_request(&(struct criu_request){.kind = CRIU_FEATURE_CHECK, .lazy_pages = true},
		      "\x08\x09\x2a\x04\x08\x00\x10\x01", 8);
}

TEST(options_are_written_where_they_are_set)
{
	auto_arena arena = {0};
	struct criu_options options = {.images_dir = 300, .cgroups = CRIU_CGROUPS_IGNORE};
	check_request(&(struct criu_request){.kind = CRIU_DUMP, .options = &options},
		      "\x08\x01\x12\x06\x08\xac\x02\x90\x02\x00", 10);
	options = (struct criu_options){.images_dir = 3,
					.cgroups = CRIU_CGROUPS_SOFT,
					.pid = 7,
					.shell_job = true,
					.root = "/r",
					.server_address = "h",
					.server_port = 9};
	criu_pair_add(&arena, &options.mounts, "/a", "/b", 0);
	criu_pair_add(&arena, &options.inherit, "k", NULL, 4);
	criu_pair_add(&arena, &options.external_ns, "n", NULL, 0);
	check_request(&(struct criu_request){.kind = CRIU_RESTORE, .options = &options},
		      "\x08\x02\x12\x2b"
		      "\x08\x03\x10\x07\x38\x01\x6a\x02/r"
		      "\xba\x01\x08\x0a\x02/a\x12\x02/b"
		      "\xda\x01\x05\x0a\x01k\x10\x04"
		      "\x90\x02\x03\xaa\x02\x01n"
		      "\x5a\x05\x0a\x01h\x10\x09",
		      47);
}

TEST(pairs_keep_their_order)
{
	auto_arena arena = {0};
	struct criu_pairs pairs = {0};
	for (int64_t i = 0; i < 100; i++)
		criu_pair_add(&arena, &pairs, "k", NULL, i);
	CHECK_INT(pairs.count, 100);
	for (int64_t i = 0; i < 100; i++)
		CHECK_INT(pairs.items[i].number, i);
}

TEST(answers_are_read)
{
	struct criu_answer answer;
	CHECK_OK(criu_answer_decode("\x08\x06\x10\x01\x2a\x11\x0a\x0cpost-restore\x10\xd2\x09", 23, &answer, &err));
	CHECK_INT(answer.kind, CRIU_NOTIFY);
	CHECK(answer.success);
	CHECK_STR(answer.script, "post-restore");
	CHECK_INT(answer.pid, 1234);
	CHECK_OK(criu_answer_decode("\x08\x0a\x10\x01\x52\x06\x08\x03\x10\x11\x20\x01", 12, &answer, &err));
	CHECK_INT(answer.major * 10000 + answer.minor * 100 + answer.sublevel, 31701);
	CHECK_OK(criu_answer_decode("\x08\x01\x10\x00\x38\x34\x4a\x02no", 10, &answer, &err));
	CHECK(!answer.success);
	CHECK_INT(answer.error, 52);
	CHECK_OK(criu_answer_decode("\x08\x09\x10\x01\x42\x02\x08\x01", 8, &answer, &err));
	CHECK(answer.mem_track && !answer.lazy_pages);
}

TEST(unknown_members_are_passed_over)
{
	struct criu_answer answer;
	CHECK_OK(criu_answer_decode("\x08\x01\xfa\x01\x03"
				    "abc\xf1\x01"
				    "12345678\xf5\x01"
				    "1234\x10\x01",
				    26, &answer, &err));
	CHECK(answer.success);
}

TEST(damaged_answers_are_refused)
{
	struct criu_answer answer;
	CHECK_ERR(criu_answer_decode("", 0, &answer, &err), EPROTO);
	CHECK_ERR(criu_answer_decode("\x10\x01", 2, &answer, &err), EPROTO); /* no kind */
	CHECK_ERR(criu_answer_decode("\x08", 1, &answer, &err), EPROTO);
	CHECK_ERR(criu_answer_decode("\x08\x01\x4a\x05no", 6, &answer, &err), EPROTO);
	CHECK_ERR(criu_answer_decode("\x08\x01\x0b", 3, &answer, &err), EPROTO); /* groups are gone from the format */
	CHECK_ERR(criu_answer_decode("\x08\x06\x2a\x02\x0a\x09", 6, &answer, &err), EPROTO); /* within a message */
	CHECK_ERR(criu_answer_decode("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12, &answer, &err), EPROTO);
}

TEST(long_texts_are_cut)
{
	struct criu_answer answer;
	char data[512] = "\x08\x06\x2a\xaf\x02\x0a\xac\x02";
	memset(data + 8, 'x', 300);
	CHECK_OK(criu_answer_decode(data, 308, &answer, &err));
	CHECK_INT(strlen(answer.script), sizeof answer.script - 1);
}
