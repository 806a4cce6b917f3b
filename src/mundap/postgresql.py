"""What every connection to a PostgreSQL server begins with, whatever is kept there."""

from __future__ import annotations

EXTRA = "postgres"
CONNECTION = {
    "application_name": "mundap",
    "client_encoding": "utf8",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
