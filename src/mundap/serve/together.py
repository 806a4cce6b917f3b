"""How often somebody may ask, counted by all servers over one record together."""

from __future__ import annotations

from math import ceil

from mundap.store.record import Server

_NOW = "extract(epoch FROM clock_timestamp())::double precision"
_LEFT = f"least(:most, r.tokens + ({_NOW} - r.since) * :most / 60)"
_SPEND = (
    f"INSERT INTO rates AS r VALUES (:asker, :most - 1, {_NOW}) ON CONFLICT (owner)"
    f" DO UPDATE SET tokens = {_LEFT} - 1, since = {_NOW} WHERE {_LEFT} >= 1 RETURNING tokens"
)
_FORGET = f"DELETE FROM rates WHERE since < {_NOW} - 120"  # a bucket is full again after a minute
_FORGET_EVERY = 1000  # requests


class Together:
    """Buckets of tokens as those of guard.Often, in the record of `server`. Raises RecordUnreachable."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._counted = 0

    def wait(self, asker: str, per_minute: int) -> int:
        """0 if the asker may ask now, which is counted; else the seconds after which they may."""
        values = {"asker": asker, "most": float(per_minute)}
        self._counted += 1
        if self._counted % _FORGET_EVERY == 0:
            self._server.execute(_FORGET)
        if self._server.execute(_SPEND, values).fetchone() is not None:
            return 0
        row = self._server.execute(f"SELECT {_LEFT} FROM rates r WHERE owner = :asker", values).fetchone()
        left = float(row[0]) if row else 0.0
        return max(1, ceil((1 - left) * 60 / per_minute))
