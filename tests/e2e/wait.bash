# wait_for COMMAND...: until it succeeds, at most 20 s.
wait_for() {
	local tries
	for ((tries = 0; tries < 1000; tries++)); do
		if "$@"; then return 0; fi
		sleep 0.02
	done
	echo "waited in vain for: $*" >&2
	return 1
}
