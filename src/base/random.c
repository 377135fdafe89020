#include "base/random.h"

#include "base/text.h"

#include <string.h>
#include <sys/random.h>

void random_bytes(void *out_data, size_t size)
{
	if (size > 256)
		BUG("%zu random bytes at once", size);
	ssize_t got;
	do
		got = getrandom(out_data, size, 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)size)
		BUG("getrandom gave %zd of %zu bytes", got, size);
}

void random_id(char out_id[65])
{
	unsigned char bytes[32];
	do {
		random_bytes(bytes, sizeof bytes);
		hex_encode(bytes, sizeof bytes, out_id);
	} while (strspn(out_id, "0123456789") >= 12);
}
