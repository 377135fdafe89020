#include "base/json.h"
#include "unit/test.h"

struct leaf {
	char *path;
	int64_t timeout;
};
JSON_TYPE(leaf, F_STR(struct leaf, path, "path", JSON_REQUIRED), F_I64(struct leaf, timeout, "timeout", JSON_OMIT));

struct numbers {
	int64_t value;
};
JSON_TYPE(numbers, F_I64(struct numbers, value, "", 0));

struct member {
	char *key;
	struct leaf leaf;
};
JSON_TYPE(member, F_OBJECT(struct member, leaf, "", 0, leaf));

struct set {
	char *key;
};
static const struct json_table table_set = {"set", sizeof(struct set), NULL, 0};

struct tree {
	bool on;
	uint32_t small;
	uint64_t large;
	double ratio;
	char **names;
	struct json_map labels;
	bool *maybe;
	struct leaf *one;
	JSON_LIST(struct leaf) leaves;
	JSON_LIST(struct numbers) sizes;
	JSON_LIST(struct member) members;
	JSON_LIST(struct set) ports;
	const struct json *raw;
	int64_t later;
};
JSON_TYPE(tree, F_BOOL(struct tree, on, "on", 0), F_U32(struct tree, small, "small", 0),
	  F_U64(struct tree, large, "large", 0), F_F64(struct tree, ratio, "ratio", JSON_OMIT),
	  F_STRV(struct tree, names, "names", JSON_NULLABLE), F_MAP(struct tree, labels, "labels", 0),
	  F_OPT_BOOL(struct tree, maybe, "maybe", 0), F_POINTER(struct tree, one, "one", JSON_OMIT, leaf),
	  F_LIST(struct tree, leaves, "leaves", JSON_OMIT, leaf),
	  F_LIST(struct tree, sizes, "sizes", JSON_OMIT, numbers),
	  F_OBJECT_MAP(struct tree, members, "members", JSON_OMIT, member),
	  F_OBJECT_MAP(struct tree, ports, "ports", JSON_OMIT, set), F_RAW(struct tree, raw, "raw", JSON_OMIT),
	  F_I64(struct tree, later, "later", JSON_KNOWN_ONLY | JSON_OMIT));

static struct arena arena;

static int load(const char *text, unsigned options, struct tree *out, struct err *err)
{
	*out = (struct tree){0};
	return json_load(&arena, &table_tree, text, strlen(text), "doc", options, out, err);
}

TEST(round_trip)
{
	static const char text[] =
	    "{\"on\":true,\"small\":4294967295,\"large\":18446744073709551615,\"ratio\":0.1,\"names\":[\"a\",\"\"],"
	    "\"labels\":{\"k\":\"v\"},\"maybe\":false,\"one\":{\"path\":\"/p\"},\"leaves\":[{\"path\":\"/"
	    "q\",\"timeout\":-5}],"
	    "\"sizes\":[1,2],\"members\":{\"x\":{\"path\":\"/x\"}},\"ports\":{\"80/tcp\":{}},\"raw\":[1,{\"a\":null}]}";
	struct err err;
	struct tree tree;
	auto_buf out = BUF_INIT(4096);
	CHECK_OK(load(text, JSON_UNKNOWN_ERROR, &tree, &err));
	CHECK_INT(tree.large, UINT64_MAX);
	CHECK_INT(tree.leaves.items[0].timeout, -5);
	CHECK_STR(tree.members.items[0].key, "x");
	CHECK_STR(tree.members.items[0].leaf.path, "/x");
	CHECK_STR(json_map_get(&tree.labels, "k"), "v");
	json_encode(&out, &table_tree, &tree);
	CHECK_STR(buf_str(&out), text);
	arena_done(&arena);
}

TEST(absent_members)
{
	struct err err;
	struct tree tree;
	auto_buf out = BUF_INIT(4096);
	CHECK_OK(load("{\"names\":null,\"maybe\":null,\"one\":null,\"what\":1}", 0, &tree, &err));
	json_encode(&out, &table_tree, &tree);
	CHECK_STR(buf_str(&out), "{\"on\":false,\"small\":0,\"large\":0,\"names\":null,\"labels\":{},\"maybe\":null}");
	arena_done(&arena);
}

TEST(faults_are_named_by_their_path)
{
	static const struct {
		const char *text, *message;
		unsigned options;
	} rows[] = {
	    {"{\"leaves\":[{\"path\":\"a\"},{}]}", "doc: leaves: [1]: path: missing field", 0},
	    {"{\"leaves\":[{\"path\":null}]}", "doc: leaves: [0]: path: missing field", 0},
	    {"{\"small\":-1}", "doc: small: -1 is not a whole number from 0 to 4294967295", 0},
	    {"{\"small\":4294967296}", "doc: small: 4294967296 is not a whole number", 0},
	    {"{\"small\":1.0}", "doc: small: 1.0 is not a whole number", 0},
	    {"{\"small\":1e999}", "doc: small: 1e999 is not a whole number", 0},
	    {"{\"on\":1}", "doc: on: true or false is wanted, not a number", 0},
	    {"{\"names\":[1]}", "doc: names: [0]: a string is wanted, not a number", 0},
	    {"{\"what\":1}", "doc: what: unknown field", JSON_UNKNOWN_ERROR},
	    {"[]", "doc: an object is wanted, not a list", 0},
	};
	struct err err;
	struct tree tree;
	for (size_t i = 0; i < array_size(rows); i++) {
		CHECK_ERR(load(rows[i].text, rows[i].options, &tree, &err), EINVAL);
		CHECK_CONTAINS(err.msg, rows[i].message);
	}
	arena_done(&arena);
}

TEST(known_but_not_supported)
{
	struct err err;
	struct tree tree;
	CHECK_OK(load("{\"later\":0}", 0, &tree, &err));
	CHECK_OK(load("{\"later\":[]}", 0, &tree, &err));
	CHECK_ERR(load("{\"later\":7}", 0, &tree, &err), EOPNOTSUPP);
	CHECK_STR(err.msg, "doc: later: known, but not supported");
	arena_done(&arena);
}

TEST(names_without_regard_to_case)
{
	struct err err;
	struct tree tree;
	CHECK_OK(load("{\"SMALL\":7,\"small\":8}", JSON_FOLD_CASE, &tree, &err));
	CHECK_INT(tree.small, 8);
	CHECK_OK(load("{\"Small\":7}", JSON_FOLD_CASE, &tree, &err));
	CHECK_INT(tree.small, 7);
	arena_done(&arena);
}

TEST(parser_is_strict)
{
	static const char *const texts[] = {
	    "",		"{",   "{}x", "{\"a\":1,\"a\":2}", "[1,]", "\"\\u0000\"", "{\"\\u0000\":1}", "\"\xff\"",
	    "\"a\nb\"", "nul", "01",  "[1] [2]",	   "'a'",  "{\"a\" 1}",	  "/* */ 1",	     "[1,\f2]",
	    "[1,\v2]"};
	struct err err;
	const struct json *value;
	for (size_t i = 0; i < array_size(texts); i++) {
		CHECK_ERR(json_parse(&arena, texts[i], strlen(texts[i]), "doc", &value, &err), EINVAL);
		CHECK_CONTAINS(err.msg, "doc: ");
	}
	CHECK_ERR(json_parse(&arena, "{\n\"b\":1,\n\"b\":2}", 16, "doc", &value, &err), EINVAL);
	CHECK_STR(err.msg, "doc: line 3: a member stands twice: b");
	char deep[200];
	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	CHECK_ERR(json_parse(&arena, deep, sizeof deep, "doc", &value, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "nested too deeply");
	arena_done(&arena);
}

TEST(strings_are_escaped)
{
	auto_buf out = BUF_INIT(256);
	json_encode_string(&out, "a\"\\\n\t\x01<\xc3\xa9\xff\xed\xa0\x80");
	CHECK_STR(buf_str(&out), "\"a\\\"\\\\\\n\\t\\u0001<\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(indented)
{
	struct err err;
	const struct json *value;
	auto_buf out = BUF_INIT(256);
	CHECK_OK(json_parse(&arena, "{\"a\":[1,2],\"b\":{},\"c\":[]}", 25, "doc", &value, &err));
	json_indent(&out, value, 4);
	CHECK_STR(buf_str(&out), "{\n    \"a\": [\n        1,\n        2\n    ],\n    \"b\": {},\n    \"c\": []\n}");
	arena_done(&arena);
}
