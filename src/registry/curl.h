/*
 * libcurl, loaded by the jobs that need it: with the thirty libraries behind it, it would double what every start of
 * the engine costs, and put a TLS library into the process that must not parse bytes from outside.
 */
#pragma once

#define CURL_DISABLE_TYPECHECK
#include "base/error.h"

#include <curl/curl.h>

#define CURL_CALLS(X)               \
	X(curl_global_init)         \
	X(curl_easy_init)           \
	X(curl_easy_cleanup)        \
	X(curl_easy_setopt)         \
	X(curl_easy_getinfo)        \
	X(curl_easy_strerror)       \
	X(curl_multi_init)          \
	X(curl_multi_cleanup)       \
	X(curl_multi_setopt)        \
	X(curl_multi_add_handle)    \
	X(curl_multi_remove_handle) \
	X(curl_multi_perform)       \
	X(curl_multi_poll)          \
	X(curl_multi_info_read)     \
	X(curl_slist_append)        \
	X(curl_slist_free_all)      \
	X(curl_url)                 \
	X(curl_url_cleanup)         \
	X(curl_url_get)             \
	X(curl_url_set)             \
	X(curl_free)

struct curl_calls {
#define CURL_MEMBER(name) __typeof__(name) *name;
	CURL_CALLS(CURL_MEMBER)
#undef CURL_MEMBER
};

/* Loads and initialises it, once. -ENOENT where the library is not installed. */
int curl_load(const struct curl_calls **out_calls, struct err *err) must_check;
