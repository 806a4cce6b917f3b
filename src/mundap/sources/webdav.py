"""WebDAV (RFC 4918), as Nextcloud, ownCloud and network drives have it: folder by folder, with the tags of each file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree import ElementTree

import httpx

from mundap.redact import hidden
from mundap.source_settings import WebdavSource
from mundap.sources.addresses import readable
from mundap.sources.guard import Guard, Resolve, resolve
from mundap.sources.http import Web
from mundap.sources.kinds import plain_name
from mundap.sources.markup import local, parse_xml, texts
from mundap.sources.protocol import Fetched, Had, Item, ItemError, SourceError
from mundap.sources.proxies import Proxies
from mundap.sources.secrets import password

_WANTED = b"""<?xml version="1.0"?><d:propfind xmlns:d="DAV:"><d:prop><d:resourcetype/><d:getetag/>\
<d:getlastmodified/><d:getcontentlength/></d:prop></d:propfind>"""
_SAFE = "/:@!$&'()*+,;=~-._"


class Webdav:
    """The files below the address of `settings`; a password's file is relative to `root`."""

    def __init__(self, settings: WebdavSource, root: Path, resolve: Resolve = resolve) -> None:
        secret = password(settings.password_env, settings.password_file, root, settings.name)
        auth = httpx.BasicAuth(settings.user, secret) if settings.user else None
        self._base = f"{settings.url.rstrip('/')}/"
        self._web = Web(
            Guard(settings.allow, resolve),
            settings.max_mb << 20,
            settings.seconds,
            auth=auth,
            redirects=False,
            proxies=Proxies(settings.proxy),
        )

    def items(self) -> Iterator[Item]:
        """The files, folder by folder: servers refuse to list everything at once."""
        top = unquote(urlsplit(self._base).path)
        waiting, seen = deque([top]), {top}
        while waiting:
            folder = waiting.popleft()
            for path, item in self._in(folder, top):
                if item is not None:
                    yield item
                elif path not in seen:
                    seen.add(path)
                    waiting.append(path)

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """The file."""
        self._web.save(item.address, into)
        return Fetched(item.fingerprint, item.name)

    def close(self) -> None:
        """Close all connections."""
        self._web.close()

    def _in(self, folder: str, top: str) -> Iterator[tuple[str, Item | None]]:
        """(path, file) of what is right in a folder; None for a folder. What leads out of `top` is left out.

        A server behind another may call itself by a name of its own: paths count, and the host of the settings is asked.
        """
        url = urljoin(self._base, quote(folder, safe=_SAFE))
        try:
            _, raw = self._web.read("PROPFIND", url, {"Depth": "1", "Content-Type": "application/xml"}, _WANTED)
            answers = [one for one in parse_xml(raw, hidden(url)) if local(one) == "response"]
        except ItemError as error:
            raise SourceError(str(error)) from error
        for answer in answers:
            href = urlsplit(urljoin(url, next(iter(texts(answer, "href")), "")))
            path = unquote(href.path)
            parts = PurePosixPath(path).parts
            if not path.startswith(top) or ".." in parts or path.rstrip("/") == folder.rstrip("/"):
                continue
            if PurePosixPath(path).name.startswith((".", "~$")):
                continue
            if any(local(one) == "collection" for one in answer.iter()):
                yield f"{path.rstrip('/')}/", None
            else:
                yield path, self._item(answer, readable(urljoin(self._base, href.path)), path)

    def _item(self, answer: ElementTree.Element, url: str, path: str) -> Item:
        tag = next(iter(texts(answer, "getetag")), "") or next(iter(texts(answer, "getlastmodified")), "")
        said = next(iter(texts(answer, "getcontentlength")), "")
        size = int(said) if said.isdecimal() else 0
        return Item(url, plain_name(PurePosixPath(path).name), f"{tag} {size}" if tag else "", size)
