"""Signatures of requests to S3 (AWS Signature Version 4), so that S3 is asked through the same guarded client as the web.

https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, urlsplit

_EMPTY = sha256(b"").hexdigest()


@dataclass(frozen=True)
class Credentials:
    """The keys of an account; `token` is that of a session, "" without one."""

    key: str
    secret: str
    token: str = ""

    def __repr__(self) -> str:
        return "Credentials(***)"


def query_string(parameters: Mapping[str, str]) -> str:
    """The parameters as they are signed and sent: percent-encoded, and then sorted."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed(
    url: str,
    region: str,
    credentials: Credentials,
    now: datetime | None = None,
    *,
    method: str = "GET",
    digest: str | None = None,
) -> dict[str, str]:
    """The headers of a request whose body has this SHA-256 `digest`, in hexadecimal digits; None for one without a body.

    The query of `url` is as `query_string` makes it."""
    digest = digest or _EMPTY
    parts = urlsplit(url)
    time = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-content-sha256": digest, "x-amz-date": time}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join((method, parts.path or "/", parts.query, lines, names, digest))
    scope = f"{time[:8]}/{region}/s3/aws4_request"
    told = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret}".encode()
    for part in (time[:8], region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, told.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers
