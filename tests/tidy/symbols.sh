#!/bin/bash
# No function has one name in two folders of the same program: the linker would take either. Prints TAP.
cd "$(dirname "$0")/../.." || exit 1
declare -A programs=(
	[tugd]="base oci docker security runtime monitor storage image registry network build observe engine api daemon"
	[tug]="base oci docker image storage security cli"
	[tug-runtime]="base oci docker security runtime cli runtime_cli"
)
number=0 status=0
for program in "${!programs[@]}"; do
	number=$((number + 1))
	# At the start of a line, without static, with a body: the layout of every function here.
	twice=$(for folder in ${programs[$program]}; do
		find "src/$folder" -name '*.c' ! -name '*_test.c' ! -name '*_fuzz.c' ! -name 'main*.c' 2>/dev/null
	done | xargs awk '
		/^[a-z].*[ *][a-z_0-9]+\(/ && !/^(static|extern|typedef|else|return)/ {
			line = $0; sub(/\(.*/, "", line); sub(/.*[ *]/, "", line); name = line; next_open = 1; file = FILENAME; next
		}
		/^\{/ && next_open { print name, file; next_open = 0 }
		/^[^ \t{]/ { next_open = 0 }' | sort -u | awk '
		$1 == last { print last ": " place ", " $2 } { last = $1; place = $2 }')
	if [ -z "$twice" ]; then
		echo "ok $number names in $program"
	else
		echo "$twice" | sed 's/^/# /'
		echo "not ok $number names in $program"
		status=1
	fi
done
echo "1..$number"
exit $status
