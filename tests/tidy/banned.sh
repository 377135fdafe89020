#!/bin/bash
# Calls that have a better twin here are absent from src/; prints TAP. One line per rule: pattern, why.
cd "$(dirname "$0")/../.." || exit 1
number=0 status=0
while IFS=';' read -r pattern except why; do
	[ -n "$pattern" ] || continue
	number=$((number + 1))
	found=$(grep -rnE "(^|[^a-zA-Z0-9_>.\"])$pattern *\(" src --include='*.c' --include='*.h' | grep -vE "^($except)" | grep -vE '^[^:]*:[0-9]+:[[:space:]]*(\*|/\*|//)')
	if [ -z "$found" ]; then
		echo "ok $number no $pattern"
	else
		echo "$found" | sed 's/^/# /'
		echo "# $pattern: $why"
		echo "not ok $number no $pattern"; status=1
	fi
done <<'RULES'
(system|popen);-;no shell: process_spawn
(strcat|sprintf|vsprintf|gets|strtok);-;unbounded: struct buf, snprintf
(atoi|atol|atoll|strtol|strtoul|strtoll|strtoull|sscanf);-;lenient numbers: number_parse
(malloc|calloc|realloc|strdup|strndup|asprintf);src/base/error.c;x_alloc and friends
(mktemp|tempnam|tmpnam);-;guessable names
(usleep|sleep);src/monitor/;waiting belongs in the loop
RULES
echo "1..$number"
exit $status
