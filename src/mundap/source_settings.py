"""The tables [[sources]] of mundap.toml: where documents come from that are kept in step, one class for each kind."""

from __future__ import annotations

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

_EVERY = re.compile(r"([1-9][0-9]{0,5})\s*(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_NAME = r"^[\w가-힣][\w가-힣.\- ]{0,60}$"
_PROXY = r"^(environment|none|https?://[^/@\s]+/?)$"  # whose password, too, is said in the environment
_WEB = r"^https?://[^/@\s]+(/.*)?$"  # who signs in, and with what, is said elsewhere

Strings: TypeAlias = Annotated[tuple[str, ...], Field(strict=False)]


class Source(BaseModel):
    """What documents are kept in step with; `kind` says of what kind it is, and what else there is to set.

    `name` is what reports call it. `every` ("30s", "10m", "1h", "1d") is how often it is looked at under `mundap serve`
    and `mundap sync --watch`; without it, only by `mundap sync`. `access` are the tags of its documents.

    An item of more than `max_mb` megabytes is skipped, and of more than `max_items` items the rest is left out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str = Field(pattern=_NAME)
    every: str = ""
    access: Strings = ()
    max_mb: int = Field(default=50, ge=1)
    max_items: int = Field(default=10_000, ge=1)

    @field_validator("every")
    @classmethod
    def _is_period(cls, value: str) -> str:
        if value and not _EVERY.fullmatch(value):
            raise ValueError('"30s", "10m", "1h", "1d"처럼 지정하세요')
        return value

    @property
    def seconds_between(self) -> float:
        """`every` in seconds; 0 without one."""
        found = _EVERY.fullmatch(self.every)
        return int(found[1]) * _SECONDS[found[2]] if found else 0.0


class _Timed(Source):
    """An item may take `seconds` in all."""

    seconds: float = Field(default=60.0, gt=0)


class _Remote(_Timed):
    """`allow` lists what may be asked though it is no address of the internet: networks ("10.0.0.0/8") and host names
    ("intranet.example"). `proxy` is "environment" (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), "none", or an address of one."""

    allow: Strings = ()
    proxy: str = Field(default="environment", pattern=_PROXY)


class _Login(_Timed):
    """`user` signs in with the password in the environment variable `password_env`, or in the file `password_file`."""

    user: str = ""
    password_env: str = ""
    password_file: str = ""


class FolderSource(Source):
    """A folder outside the workspace, as of a network share. `path` is relative to mundap.toml."""

    kind: Literal["folder"]
    path: str = Field(min_length=1)
    follow_links: bool = False


class WebSource(_Remote):
    """Pages of web sites: those at `urls`, those that `sitemaps` list, and what they link to on the same hosts, `follow`
    links deep. Only addresses that match one of `include`, where there are any, and none of `exclude` (`*` is anything).

    robots.txt is obeyed unless `robots` is off. A host is asked `per_second` times a second at most. `allow` lists what may be
    asked though it is no address of the internet: networks ("10.0.0.0/8") and names of hosts ("intranet.example").
    """

    kind: Literal["web"]
    urls: Strings = ()
    sitemaps: Strings = ()
    follow: int = Field(default=0, ge=0, le=10)
    include: Strings = ()
    exclude: Strings = ()
    robots: bool = True
    per_second: float = Field(default=1.0, gt=0)


class WebdavSource(_Remote, _Login):
    """A folder of a WebDAV server, such as https://cloud.example/remote.php/dav/files/NAME/ of Nextcloud.

    `user` signs in with the password in the environment variable `password_env`, or in the file `password_file`.
    """

    kind: Literal["webdav"]
    url: str = Field(pattern=_WEB)


class S3Source(_Remote):
    """Objects of a bucket whose keys begin with `prefix`; `endpoint` is that of a server of one's own.

    The keys are in the environment variables `key_env` and `secret_env`, and a session's token in AWS_SESSION_TOKEN. Without
    keys the bucket must be public.
    """

    kind: Literal["s3"]
    bucket: str = Field(pattern=r"^[a-z0-9][a-z0-9.\-]{1,62}$")
    prefix: str = ""
    region: str = Field(default="us-east-1", pattern=r"^[a-z0-9\-]+$")
    endpoint: str = Field(default="", pattern=rf"^$|{_WEB}")
    key_env: str = "AWS_ACCESS_KEY_ID"
    secret_env: str = "AWS_SECRET_ACCESS_KEY"


class ImapSource(_Login):
    """The messages in `folders` of a mailbox, of the last `days` (0: all). `tls` off sends passwords in the clear.

    `user` signs in with the password in the environment variable `password_env`, or in the file `password_file`. Port 0 is
    that of `tls`.
    """

    kind: Literal["imap"]
    host: str = Field(min_length=1)
    port: int = Field(default=0, ge=0, le=65535)
    tls: Literal["on", "starttls", "off"] = "on"
    folders: Strings = ("INBOX",)
    days: int = Field(default=0, ge=0)


class GitSource(_Remote, _Login):
    """The files of a branch (default: the repository's own) below `under`; `url` as `git clone` takes it."""

    kind: Literal["git"]
    url: str = Field(min_length=1)
    branch: str = Field(default="", pattern=r"^([\w가-힣][\w가-힣./\-]*)?$")
    under: str = ""


class SqlSource(Source):
    """The rows of `query`, each a passage; `url` is SQLAlchemy's, itself or in the environment variable `url_env`."""

    kind: Literal["sql"]
    query: str = Field(min_length=1)
    url: str = ""
    url_env: str = ""
    max_rows: int = Field(default=100_000, ge=1)


AnySource: TypeAlias = FolderSource | WebSource | WebdavSource | S3Source | ImapSource | GitSource | SqlSource
KINDS: dict[str, type[Source]] = {
    "folder": FolderSource,
    "web": WebSource,
    "webdav": WebdavSource,
    "s3": S3Source,
    "imap": ImapSource,
    "git": GitSource,
    "sql": SqlSource,
}
Sources: TypeAlias = tuple[Annotated[AnySource, Field(discriminator="kind")], ...]
