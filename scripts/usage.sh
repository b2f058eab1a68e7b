# Sourced by the scripts beside it, before they look at their arguments: -h and
# --help print the script's header, another flag in the first place is refused.
usage() { sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; }
usage_error() { usage >&2; exit 2; }

case ${1:-} in
  -h | --help) usage; exit 0 ;;
  -*) echo "${0##*/}: no flag '$1'; see $0 --help" >&2; exit 2 ;;
esac
