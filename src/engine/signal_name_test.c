#include "engine/signal_name.h"

#include "unit/test.h"

#include <signal.h>

TEST(signals_have_many_spellings)
{
	static const struct {
		const char *text;
		int number;
	} rows[] = {{"KILL", SIGKILL}, {"SIGTERM", SIGTERM}, {"sigint", SIGINT}, {"9", 9},  {"hup", SIGHUP},
		    {"RTMIN+3", 37},   {"SIGRTMAX-1", 63},   {"RTMIN", 34},	 {"64", 64}};
	struct err err;
	for (size_t i = 0; i < array_size(rows); i++) {
		int number;
		CHECK_OK(signal_parse(rows[i].text, &number, &err));
		CHECK_INT(number, rows[i].number);
	}
}

TEST(nonsense_is_no_signal)
{
	static const char *const bad[] = {"",	  "0",	      "65",	"-1", "SIG",
					  "NOPE", "RTMIN+31", "RTMIN+", "9x", "99999999999"};
	struct err err;
	for (size_t i = 0; i < array_size(bad); i++) {
		int number;
		CHECK_ERR(signal_parse(bad[i], &number, &err), EINVAL);
	}
}
