#!/bin/sh
# Makes the API's workspace ready before it starts: what a first start needs, what was put into docs/ since the last one,
# and the key by which the page asks, which both find in a volume of theirs. Other commands run as they are.
set -eu
key=${MUNDAP_PAGE_KEY:-/keys/page}
case "${1:-} ${2:-}" in
  "mundap serve")
    [ -f mundap.toml ] || mundap init . ${MUNDAP_EXAMPLE:+--example "$MUNDAP_EXAMPLE"}
    # A file that cannot be read, or no file yet, does not keep the others from being served.
    mundap ingest && mundap index || echo "일부 문서를 추가하지 못했습니다. 위의 원인을 확인해 조치한 뒤 다시 시작하세요." >&2
    if [ -d "${key%/*}" ] && [ ! -s "$key" ]; then
      mundap keys remove page 2> /dev/null || true  # of a volume that is gone
      (umask 077 && mundap keys add page --role ask,read,write > "$key.new" && mv "$key.new" "$key")
    fi
    ;;
  "mundap ui")
    if [ -s "$key" ]; then
      MUNDAP_UI_KEY=$(cat "$key")
      export MUNDAP_UI_KEY
    fi
    ;;
esac
exec "$@"
