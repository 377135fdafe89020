/*
 * The unit-test harness. A test file holds TESTs and nothing else; it links main() from test.c.
 *
 * Each test runs in a process of its own with an empty temporary directory as its working directory, a check that it
 * leaves no descriptor open, and a time limit. Output is TAP. `NAME_test PATTERN` runs the tests whose name contains
 * PATTERN.
 */
#pragma once

#include "base/error.h"

#include <string.h>

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};
void test_register(struct test *test);

#define TEST(id)                                                     \
	static void test_##id(void);                                 \
	__attribute__((constructor)) static void register_##id(void) \
	{                                                            \
		static struct test test = {#id, test_##id, NULL};    \
		test_register(&test);                                \
	}                                                            \
	static void test_##id(void)

_Noreturn void test_fail(const char *file, int line, const char *format, ...) printf_like(3, 4);
_Noreturn void test_skip(const char *reason);

#define CHECK(condition)                                                        \
	do {                                                                    \
		if (!(condition))                                               \
			test_fail(__FILE__, __LINE__, "false: %s", #condition); \
	} while (0)
#define CHECK_INT(actual, expected)                                                             \
	do {                                                                                    \
		long long a_ = (long long)(actual), e_ = (long long)(expected);                 \
		if (a_ != e_)                                                                   \
			test_fail(__FILE__, __LINE__, "%s is %lld, not %lld", #actual, a_, e_); \
	} while (0)
#define CHECK_STR(actual, expected)                                                                                   \
	do {                                                                                                          \
		const char *a_ = (actual), *e_ = (expected);                                                          \
		if (!a_ || strcmp(a_, e_) != 0)                                                                       \
			test_fail(__FILE__, __LINE__, "%s is\n\"%s\", not\n\"%s\"", #actual, a_ ? a_ : "(null)", e_); \
	} while (0)
#define CHECK_CONTAINS(actual, part)                                                                              \
	do {                                                                                                      \
		const char *a_ = (actual), *p_ = (part);                                                          \
		if (!a_ || !strstr(a_, p_))                                                                       \
			test_fail(__FILE__, __LINE__, "%s is \"%s\", without \"%s\"", #actual, a_ ? a_ : "", p_); \
	} while (0)
/* A call that must succeed; it uses a `struct err err` of its own scope. */
#define CHECK_OK(call)                                                           \
	do {                                                                     \
		if ((call) < 0)                                                  \
			test_fail(__FILE__, __LINE__, "%s: %s", #call, err.msg); \
	} while (0)
#define CHECK_ERR(call, expected)                                                                                 \
	do {                                                                                                      \
		int r_ = (call);                                                                                  \
		if (r_ != -(expected) || err.code != (expected))                                                  \
			test_fail(__FILE__, __LINE__, "%s is %d (%s), not -%s", #call, r_, r_ < 0 ? err.msg : "", \
				  #expected);                                                                     \
	} while (0)
