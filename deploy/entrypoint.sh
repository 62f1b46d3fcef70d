#!/bin/sh
# Starts Headgate in protected mode. Without a key of the operator's own, an admin key is made on the first start,
# printed once, and kept in the data folder, where only the server can read it.
set -eu

data="${HEADGATE_DATA_DIR:-/data}"
kept="$data/keys/admin.token"

if [ -z "${PUNK_API_KEY:-}${PUNK_API_KEY_FILE:-}${HEADGATE_API_KEY:-}${HEADGATE_API_KEY_FILE:-}" ]; then
  umask 077
  if [ ! -s "$kept" ]; then
    mkdir -p "$data/keys"
    chmod 700 "$data" "$data/keys" 2>/dev/null || true
    python3 -c 'import secrets; print("hg_admin_" + secrets.token_urlsafe(32))' >"$kept.new"
    mv "$kept.new" "$kept"
    echo "=================================================================" >&2
    echo "The admin key of this Headgate, shown this once:" >&2
    echo "" >&2
    echo "  $(cat "$kept")" >&2
    echo "" >&2
    echo "Use it as a bearer token. To choose your own, set PUNK_API_KEY." >&2
    echo "=================================================================" >&2
  fi
  export HEADGATE_API_KEY_FILE="$kept"
fi

if [ $# -eq 0 ]; then set -- serve; fi
exec headgate "$@"
