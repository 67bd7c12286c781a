#!/bin/sh
# Runs every fuzz target of the module one after the other and prints a table of
# their executions; fails when one finds a crash, which go test keeps as a seed in
# testdata/fuzz.
#
#   scripts/fuzz.sh SECONDS [PATTERN]    each target for so many seconds
#   scripts/fuzz.sh Nx [PATTERN]         each target for so many executions: 500000x
#
# PATTERN chooses targets by "package.FuzzName", as grep -E does. PARALLEL is the
# number of processes (default 1).
set -u
usage="usage: scripts/fuzz.sh SECONDS|Nx [PATTERN]"
case ${1:?$usage} in
*[!0-9x]* | x* | *x?*) echo "$usage" >&2 && exit 2 ;;
*x) time=$1 ;;
*) time=${1}s ;;
esac
cd "$(dirname "$0")/.." || exit 2
log=$(mktemp) && trap 'rm -f "$log"' EXIT
failed=0 found=0
printf '%-40s %12s %10s %8s  %s\n' target executions per_second seconds result
for package in $(go list ./...); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz'); do
		echo "$package.$target" | grep -qE -e "${2:-}" || continue
		found=$((found + 1)) start=$(date +%s) result=ok
		# Minimising an interesting input may take longer than all the rest.
		go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" \
			-fuzzminimizetime 5x -parallel "${PARALLEL:-1}" >"$log" 2>&1 || result=FAILED failed=$((failed + 1))
		took=$(($(date +%s) - start))
		count=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
		printf '%-40s %12d %10d %8d  %s\n' "$package.$target" "${count:-0}" \
			$((${count:-0} / (took > 0 ? took : 1))) "$took" "$result"
		[ "$result" = ok ] || tail -n 40 "$log" >&2
	done
done
if [ "$found" -eq 0 ]; then
	echo "no fuzz target matches ${2:-}" >&2 && exit 2
fi
[ "$failed" -eq 0 ]
