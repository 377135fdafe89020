/*
 * Requests that a web page made: a browser can reach a TCP port of this host, or of one that it sees, and would do
 * there what its page says. Pages are known by what browsers add to their requests, and by names that lead to us and
 * are not ours (DNS rebinding). Only for TCP; pure.
 */
#pragma once

#include "api/http_head.h"

/* 0, or -EPERM with what is wrong. own: the name of this host. */
int browser_check(const struct http_head *head, const char *own, struct err *err) must_check;
