#include "network/forwarding.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>

static const char *file_of(bool six)
{
	return six ? "/proc/sys/net/ipv6/conf/all/forwarding" : "/proc/sys/net/ipv4/ip_forward";
}

int forwarding_get(bool six, bool *out_on, struct err *err)
{
	auto_buf text = BUF_INIT(16);
	int result = file_read(AT_FDCWD, file_of(six), &text, err);
	if (result < 0 && !(six && result == -ENOENT))
		return result;
	*out_on = buf_str(&text)[0] == '1';
	return 0;
}

int forwarding_set(bool six, bool on, struct err *err)
{
	return file_control(AT_FDCWD, file_of(six), on ? "1" : "0", err);
}

int forwarding_bridge(const char *name, bool six, struct err *err)
{
	const struct {
		const char *pattern, *value;
		bool optional;
	} rows[] = {
	    {"ipv4/conf/%s/route_localnet", "1", false},
	    {"ipv4/conf/%s/accept_redirects", "0", false},
	    {"ipv6/conf/%s/accept_ra", "0", true},
	    {"ipv6/conf/%s/accept_redirects", "0", true},
	    {"ipv6/conf/%s/disable_ipv6", six ? "0" : "1", true},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		char name_part[64], file[128];
		snprintf(name_part, sizeof name_part, rows[i].pattern, name);
		snprintf(file, sizeof file, "/proc/sys/net/%s", name_part);
		if (file_control(AT_FDCWD, file, rows[i].value, err) < 0 && !(rows[i].optional && err->code == ENOENT))
			return -err->code;
	}
	return 0;
}
