# wait_for COMMAND...: until it succeeds, at most 30 s.
wait_for() {
	local end=$((SECONDS + 30))
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || { echo "waited in vain for: $*" >&2; return 1; }
		sleep 0.02
	done
}
