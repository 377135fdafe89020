#include "docker/error.h"

JSON_TYPE(error_message, F_STR(struct error_message, message, "message", 0));

/* The first row with a status is the one for the way back. */
static const struct {
	int code;
	unsigned status;
} rows[] = {
    {EALREADY, 304},   {EINVAL, 400}, {ERANGE, 400}, {E2BIG, 400},     {EPROTO, 400}, {EACCES, 403},
    {ENOKEY, 401},     {EPERM, 403},  {ENOENT, 404}, {EEXIST, 409},    {EBUSY, 409},  {EIO, 500},
    {EOPNOTSUPP, 501}, {ENOSYS, 501}, {EAGAIN, 503}, {ESHUTDOWN, 503},
};

unsigned error_status(int code)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].code == code)
			return rows[i].status;
	}
	return 500;
}

int error_code(unsigned status)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].status == status)
			return rows[i].code;
	}
	return status < 500 ? EINVAL : EIO;
}
