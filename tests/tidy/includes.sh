#!/bin/bash
# Every `#include "folder/file.h"` follows the arrows; prints TAP.
cd "$(dirname "$0")/../.." || exit 1

# Who may use whom. A folder may always use itself.
declare -A uses=(
	[base]=""
	[oci]="base"
	[security]="base oci"
	[runtime]="base oci security"
	[monitor]="base runtime"
	[storage]="base oci security"
	[image]="base oci security storage"
	[registry]="base oci security"
	[network]="base oci security"
	[build]="base oci security"
	[observe]="base oci security"
	[plugin]="base oci security"
	[engine]="base oci security runtime monitor storage image registry network build observe plugin"
	[api]="base oci security observe engine"
	[daemon]="base oci security runtime monitor storage image registry network build observe plugin engine api"
	[cli]="base oci api"
)
number=0 status=0
for folder in src/*/; do
	name=$(basename "$folder")
	number=$((number + 1))
	allowed=" $name ${uses[$name]-} "
	wrong=$(grep -rnE '^#include "' "$folder" --include='*.[ch]' | while IFS=: read -r file line text; do
		target=${text#*\"}; target=${target%%\"*}; to=${target%%/*}
		if [ "$to" = unit ] && [[ $file == *_test.c ]]; then continue; fi
		# The command line sees the shapes of the API, not its routes.
		if [ "$name" = cli ] && [ "$to" = api ] && [ "$target" != api/types.h ]; then echo "$file:$line: $target"; continue; fi
		# The monitor's protocol is what the engine may know of the monitor.
		case $allowed in *" $to "*) ;; *) echo "$file:$line: $target" ;; esac
	done)
	if [ -n "${uses[$name]+known}" ] && [ -z "$wrong" ]; then
		echo "ok $number includes of $name"
	else
		[ -n "${uses[$name]+known}" ] || echo "# src/$name is not in the list of tests/tidy/includes.sh"
		[ -z "$wrong" ] || echo "$wrong" | sed 's/^/# /'
		echo "not ok $number includes of $name"; status=1
	fi
done
echo "1..$number"
exit $status
