# For files about networks of the user's own.

box() { # box NAME NETWORK OPTIONS...: a container that stays
	tug run -d --name "$1" --network "$2" "${@:3}" busybox sleep 1000 >/dev/null
}
pid_of() { tug inspect --format '{{.State.Pid}}' "$1"; }
address_of() { tug inspect --format "{{(index .NetworkSettings.Networks \"$2\").IPAddress}}" "$1"; }

networks_clean() { # all containers, and the networks that they leave unused
	local id
	for id in $(tug ps -aq); do tug rm -f "$id" >/dev/null; done
	tug network prune -f >/dev/null
	engine_clean
}
