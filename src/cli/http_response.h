/*
 * The head of an HTTP/1.1 answer, as a pure function. Strict and bounded: the other side need not be our engine.
 */
#pragma once

#include "base/error.h"
#include "base/http_body.h"

enum { HTTP_RESPONSE_MAX = 64 << 10, HTTP_TYPE_MAX = 128, HTTP_PATH_STAT_MAX = 24 << 10 };

struct http_response {
	unsigned status; /* 100 to 999 */
	bool chunked;
	bool keep_alive;
	uint64_t length;	  /* HTTP_BODY_TO_END when neither a length nor chunks say where the body ends */
	char type[HTTP_TYPE_MAX]; /* Content-Type */
	char api_version[16];	  /* Api-Version */
	char path_stat[HTTP_PATH_STAT_MAX]; /* X-Docker-Container-Path-Stat (docker/archive.h), of the archive endpoints
					     */
};

/* The size of the head at the start of data, with its empty line; 0 when it is not complete. */
size_t http_response_size(const char *data, size_t size);

/* head_only: the answer to HEAD, which has no body whatever its fields say. -EPROTO. */
int http_response_parse(const char *data, size_t size, bool head_only, struct http_response *out_response,
			struct err *err) must_check;
