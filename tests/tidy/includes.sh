#!/bin/bash
# Every `#include "folder/file.h"` follows the arrows; prints TAP.
cd "$(dirname "$0")/../.." || exit 1

# Who may use whom. A folder may always use itself.
declare -A uses=(
	[base]=""
	[oci]="base"
	[docker]="base oci"
	[security]="base oci docker"
	[runtime]="base oci docker security"
	[monitor]="base runtime"
	[reaper]=""
	[storage]="base oci docker security"
	[image]="base oci docker security storage"
	[registry]="base oci docker security storage image"
	[network]="base oci docker security"
	[build]="base oci docker security"
	[resolver]="base oci docker security"
	[observe]="base oci docker security"
	[plugin]="base oci docker security"
	[engine]="base oci docker security runtime monitor storage image registry network build resolver observe plugin"
	[api]="base oci docker security observe engine"
	[daemon]="base oci docker security runtime monitor storage image registry network build resolver observe plugin engine api"
	[cli]="base oci docker image build"
	[runtime_cli]="base oci docker security runtime cli"
)
number=0 status=0
for folder in src/*/; do
	name=$(basename "$folder")
	number=$((number + 1))
	allowed=" $name ${uses[$name]-} "
	wrong=$(grep -rnE '^#include "' "$folder" --include='*.[ch]' | while IFS=: read -r file line text; do
		target=${text#*\"}; target=${target%%\"*}; to=${target%%/*}
		if [ "$to" = unit ] && [[ $file == *_test.c ]]; then continue; fi
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
