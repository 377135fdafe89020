/*
 * How the Engine API says that something failed: {"message": "..."}, and which HTTP status belongs to which error.
 *
 * Inside tug an error is a struct err with an errno value; error_status is the one table that turns it into a status
 * (server), error_code the way back (client). An errno value that is not in the table is a fault of the engine: 500.
 */
#pragma once

#include "base/json.h"

struct error_message {
	char *message;
};
JSON_DECLARE(error_message);

/*
 * ENOENT 404, EEXIST and EBUSY 409, EINVAL, ERANGE, E2BIG and EPROTO 400, EALREADY 304 (with an empty body), EACCES and
 * EPERM 403, ENOKEY 401, EOPNOTSUPP and ENOSYS 501, EAGAIN and ESHUTDOWN 503, everything else 500.
 */
unsigned error_status(int code);

/* An errno value for a status of 300 or more, for the client. */
int error_code(unsigned status);
