/*
 * JSON by field tables.
 *
 * A text is parsed strictly (one value, UTF-8, no duplicate key, depth and size limited, exact integers) into values in
 * an arena. A table of rows (JSON_TYPE) then says how a struct maps to an object: the same rows decode, encode and name
 * what is wrong by its path, as in `hooks: prestart: [1]: path: missing field`. The wrong member type for a row does
 * not compile. Everything decoded lives in the arena.
 *
 * Documents that are addressed by digest keep their exact bytes elsewhere; they are never encoded again.
 */
#pragma once

#include "base/arena.h"
#include "base/buffer.h"

#include <stddef.h>
#include <stdint.h>

enum { JSON_DEPTH_MAX = 64, JSON_SIZE_MAX = 16 << 20 };

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_kind kind;
	bool boolean;
	const char *text;  /* the string, or the number as it was written; NUL-terminated; strings hold no NUL */
	size_t count;	   /* items of an array or members of an object */
	const char **keys; /* of an object, in the order of the text */
	struct json **items;
};

/* Parses size bytes. "what" names the document in errors. -EINVAL, -E2BIG. */
int json_parse(struct arena *arena, const void *text, size_t size, const char *what, const struct json **out_value,
	       struct err *err) must_check;

const struct json *json_get(const struct json *object, const char *key); /* NULL when missing or not an object */
int json_number_i64(const struct json *number, int64_t *out_value);	 /* 0 or -ERANGE: exact integers only */
int json_number_u64(const struct json *number, uint64_t *out_value);
double json_number_f64(const struct json *number);

/* --- tables --- */

struct json_pair {
	char *key, *value;
};
struct json_map { /* object of strings, in the order of the text */
	struct json_pair *items;
	size_t count;
};
struct json_u32v {
	uint32_t *items;
	size_t count;
};
const char *json_map_get(const struct json_map *map, const char *key);

enum json_type {
	JSON_T_BOOL,	   /* bool */
	JSON_T_I64,	   /* int64_t */
	JSON_T_U64,	   /* uint64_t */
	JSON_T_U32,	   /* uint32_t */
	JSON_T_F64,	   /* double */
	JSON_T_STR,	   /* char * */
	JSON_T_STRV,	   /* char **, NULL-terminated; NULL when absent */
	JSON_T_MAP,	   /* struct json_map */
	JSON_T_OPT_BOOL,   /* bool *, NULL when absent */
	JSON_T_OPT_I64,	   /* int64_t *, NULL when absent */
	JSON_T_OPT_U64,	   /* uint64_t * */
	JSON_T_OPT_U32,	   /* uint32_t * */
	JSON_T_U32V,	   /* struct json_u32v: an array of numbers */
	JSON_T_OBJECT,	   /* an embedded struct with its own table */
	JSON_T_POINTER,	   /* a pointer to a struct with its own table, NULL when absent */
	JSON_T_LIST,	   /* struct with members {T *items; size_t count} of a struct with its own table */
	JSON_T_OBJECT_MAP, /* struct with members {T *items; size_t count}; T begins with `char *key` */
	JSON_T_RAW,	   /* const struct json *, as parsed; NULL when absent */
};

enum json_flag {
	JSON_REQUIRED = 1,   /* decoding: missing or null is an error */
	JSON_OMIT = 2,	     /* encoding: leave the member out when zero, empty or NULL */
	JSON_NULLABLE = 4,   /* encoding: an empty list, map or string list is null rather than [] or {} */
	JSON_KNOWN_ONLY = 8, /* decoding: known, but not supported: any value that is not null, false, 0, "" , [] or {}
			      * is refused with "known, but not supported" */
};

struct json_table;
struct json_field {
	const char *name;
	enum json_type type;
	uint16_t offset;
	uint16_t flags;
	const struct json_table *table; /* of the member's struct, for the last types */
};
struct json_table {
	const char *name;
	size_t size; /* of the struct */
	const struct json_field *fields;
	size_t count;
};

#define JSON_MEMBER(type_, member, kind_, ctype, name_, flags_, table_)                                               \
	{                                                                                                             \
		.name = (name_), .type = (kind_),                                                                     \
		.offset =                                                                                             \
		    offsetof(type_, member) +                                                                         \
		    0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((type_ *)0)->member), ctype) ? 1 : -1]), \
		.flags = (flags_), .table = (table_)                                                                  \
	}
#define F_BOOL(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_BOOL, bool, name, flags, NULL)
#define F_I64(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_I64, int64_t, name, flags, NULL)
#define F_U64(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_U64, uint64_t, name, flags, NULL)
#define F_U32(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_U32, uint32_t, name, flags, NULL)
#define F_F64(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_F64, double, name, flags, NULL)
#define F_STR(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_STR, char *, name, flags, NULL)
#define F_STRV(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_STRV, char **, name, flags, NULL)
#define F_MAP(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_MAP, struct json_map, name, flags, NULL)
#define F_OPT_BOOL(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_OPT_BOOL, bool *, name, flags, NULL)
#define F_OPT_I64(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_OPT_I64, int64_t *, name, flags, NULL)
#define F_OPT_U64(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_OPT_U64, uint64_t *, name, flags, NULL)
#define F_OPT_U32(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_OPT_U32, uint32_t *, name, flags, NULL)
#define F_U32V(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_U32V, struct json_u32v, name, flags, NULL)
#define F_RAW(type, member, name, flags) JSON_MEMBER(type, member, JSON_T_RAW, const struct json *, name, flags, NULL)
/* For these, `tag` is both the struct's tag and the name given to JSON_TYPE: struct TAG, table_TAG. */
#define F_OBJECT(type, member, name, flags, tag) \
	JSON_MEMBER(type, member, JSON_T_OBJECT, struct tag, name, flags, &table_##tag)
#define F_POINTER(type, member, name, flags, tag) \
	JSON_MEMBER(type, member, JSON_T_POINTER, struct tag *, name, flags, &table_##tag)
#define F_LIST(type, member, name, flags, tag) \
	JSON_MEMBER(type, member.items, JSON_T_LIST, struct tag *, name, flags, &table_##tag)
#define F_OBJECT_MAP(type, member, name, flags, tag) \
	JSON_MEMBER(type, member.items, JSON_T_OBJECT_MAP, struct tag *, name, flags, &table_##tag)

/* A member for F_LIST and F_OBJECT_MAP: JSON_LIST(struct hook) prestart; items is followed by count. */
#define JSON_LIST(type)       \
	struct {              \
		type *items;  \
		size_t count; \
	}

/*
 * A table whose only row has the name "" stands for the value itself rather than for an object: a list of lists of
 * strings, a map of numbers. A table without rows stands for {}.
 */

/* Defines `const struct json_table table_TAG` for struct TAG; declare it in a header with JSON_DECLARE(TAG). */
#define JSON_TYPE(tag, ...)                                                            \
	static const struct json_field fields_##tag[] = {__VA_ARGS__};                 \
	const struct json_table table_##tag = {#tag, sizeof(struct tag), fields_##tag, \
					       sizeof fields_##tag / sizeof fields_##tag[0]}
#define JSON_DECLARE(tag) extern const struct json_table table_##tag

enum json_option {
	JSON_UNKNOWN_ERROR = 1, /* an unknown member is an error; otherwise it is ignored */
	JSON_FOLD_CASE =
	    2, /* member names match without regard to case when no exact one does (Go's rule, for the API) */
};

/* Fills the zeroed struct out_struct from value. Ranges are checked. -EINVAL with the path of the member. */
int json_decode(struct arena *arena, const struct json_table *table, const struct json *value, unsigned options,
		void *out_struct, struct err *err) must_check;

/* json_parse and json_decode in one. */
int json_load(struct arena *arena, const struct json_table *table, const void *text, size_t size, const char *what,
	      unsigned options, void *out_struct, struct err *err) must_check;

void json_encode(struct buf *out, const struct json_table *table, const void *structure);
void json_encode_value(struct buf *out, const struct json *value); /* compact */
void json_encode_string(struct buf *out, const char *text); /* quotes and escapes; invalid UTF-8 becomes U+FFFD */
void json_indent(struct buf *out, const struct json *value, unsigned spaces); /* for people: `inspect` */
