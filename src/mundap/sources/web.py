"""Web pages and sitemaps: robots.txt obeyed, a host not hurried, and only what has changed fetched again."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections import deque
from collections.abc import Iterator
from fnmatch import translate
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mundap.errors import BadFile
from mundap.ingest.encoding import decode
from mundap.redact import hidden
from mundap.source_settings import WebSource
from mundap.sources.addresses import normal
from mundap.sources.guard import Guard, Resolve, resolve
from mundap.sources.http import AGENT, Web
from mundap.sources.kinds import name_for, readable
from mundap.sources.markup import links_in, local, parse_xml
from mundap.sources.protocol import Fetched, Had, Item, ItemError, Refused, SourceError
from mundap.sources.proxies import Proxies
from mundap.sources.robots import Robots
from mundap.stopping import pause

_SITEMAPS = 500  # that are read
_UNPACKED = 64 << 20  # bytes of a sitemap, unpacked
_PAGE = ".html"
_MADE = frozenset(
    (".do", ".jsp", ".asp", ".aspx", ".php", ".cgi", ".es", ".xhtml", ".action")
)  # of pages made by programs
_PLAIN = re.compile(rb"\s*https?://")  # a sitemap may be text, an address a line
_BOM = b"\xef\xbb\xbf"
_WITH_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


class Pages:
    """The pages of `settings`. A sitemap or a first page that cannot be had is an error of the source."""

    def __init__(self, settings: WebSource, resolve: Resolve = resolve) -> None:
        self._settings = settings
        guard, proxies = Guard(settings.allow, resolve), Proxies(settings.proxy)
        self._web = Web(guard, settings.max_mb << 20, settings.seconds, proxies=proxies)
        self._robots: dict[str, Robots] = {}
        self._asked: dict[str, float] = {}  # when each host was asked last
        self._include = [re.compile(translate(one)) for one in settings.include]
        self._exclude = [re.compile(translate(one)) for one in settings.exclude]
        self._links: dict[str, list[str]] = {}  # of the page that was fetched last

    def items(self) -> Iterator[Item]:
        """The pages, those at `urls` first, then those of sitemaps, then what they link to."""
        settings = self._settings
        waiting: deque[tuple[str, int, str]] = deque((normal(url), 0, "") for url in settings.urls)
        for sitemap in settings.sitemaps:
            waiting += [(url, 0, changed) for url, changed in self._listed(sitemap)]
        hosts = {urlsplit(url).netloc for url, _, _ in waiting}
        seen: set[str] = set()
        while waiting:
            url, depth, changed = waiting.popleft()
            if not url or url in seen:
                continue
            seen.add(url)
            if not self._wanted(url) and depth:
                continue
            if not self._allowed(url):
                if not depth:
                    yield Item(url, "", reason="robots.txt에서 수집을 허용하지 않는 주소입니다.")
                continue
            follows = depth < settings.follow
            yield Item(url, f"page{_PAGE}", "" if follows else changed)
            links = self._links.pop(url, ())
            if follows:
                waiting += [(link, depth + 1, "") for link in links if urlsplit(link).netloc in hosts]

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """A page or a file, if it has changed since; its version is what the server says of it."""
        version = _read(before.version) if before else {}
        headers = {}
        if version.get("etag"):
            headers["If-None-Match"] = version["etag"]
        elif version.get("modified"):
            headers["If-Modified-Since"] = version["modified"]
        if before:  # if it cannot be had now, what it linked to is still there
            self._links[item.address] = self._links_in(before.path, before.path.name, version.get("url", item.address))
        self._wait(item.address)
        got = self._web.save(item.address, into, headers)
        if got.status == 304 and before:
            return None
        url = str(got.url)
        if not self._allowed(url):
            raise ItemError(f"{item.address}: 리디렉션된 주소의 수집을 robots.txt에서 허용하지 않습니다.")
        name = name_for(url, got.headers)
        if not name:
            kind = got.headers.get("content-type", "")
            raise ItemError(f"{item.address}: 읽을 수 없는 형식입니다({kind or '형식 정보 없음'}).")
        self._links[item.address] = self._links_in(into, name, url)
        etag, modified = got.headers.get("etag", ""), got.headers.get("last-modified", "")
        return Fetched(json.dumps({"url": url, "etag": etag, "modified": modified}), name)

    def close(self) -> None:
        """Close all connections."""
        self._web.close()

    # -- what is there ------------------------------------------------------------------------------------------------

    def _listed(self, first: str) -> Iterator[tuple[str, str]]:
        """(address, when it changed) of the pages in a sitemap, and in those that it lists."""
        waiting, seen = deque([normal(first)]), set[str]()
        while waiting:
            url = waiting.popleft()
            if url in seen:
                continue
            if len(seen) == _SITEMAPS:
                raise SourceError(f"{hidden(first)}: 사이트맵이 {_SITEMAPS}개를 넘습니다. 필요한 것만 지정하세요.")
            seen.add(url)
            self._wait(url)
            try:
                _, raw = self._web.read("GET", url)
                raw = _unpacked(raw, url).removeprefix(_BOM)
                if _PLAIN.match(raw):
                    plain = map(normal, raw.decode("utf-8", "replace").split())
                    yield from ((place, "") for place in plain if self._wanted(place))
                    continue
                root = parse_xml(raw, hidden(url))
            except ItemError as error:
                raise SourceError(f"사이트맵을 읽을 수 없습니다. {error}") from error
            for entry in root:
                places = [(one.text or "").strip() for one in entry if local(one) == "loc"]
                times = [(one.text or "").strip() for one in entry if local(one) == "lastmod"]
                if not places:
                    continue
                if local(entry) == "sitemap":
                    waiting.append(normal(places[0]))
                elif self._wanted(normal(places[0])):
                    # a date alone does not tell a second change of the day
                    yield normal(places[0]), next((time for time in times if _WITH_TIME.match(time)), "")

    def _wanted(self, url: str) -> bool:
        shown = unquote(url)
        if self._include and not any(one.match(url) or one.match(shown) for one in self._include):
            return False
        return not any(one.match(url) or one.match(shown) for one in self._exclude)

    def _links_in(self, file: Path, name: str, base: str) -> list[str]:
        if not self._settings.follow or Path(name).suffix.lower() not in (_PAGE, ".htm"):
            return []
        raw = file.read_bytes()
        try:
            page = decode(raw, name)
        except BadFile:
            page = raw.decode("utf-8", "replace")
        return [url for link in links_in(page, base) if (url := normal(link)) and _may_be_document(url)]

    # -- manners ------------------------------------------------------------------------------------------------------

    def _allowed(self, url: str) -> bool:
        return not self._settings.robots or self._robots_of(url).allows(url)

    def _robots_of(self, url: str) -> Robots:
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            try:
                _, raw = self._web.read("GET", f"{site}/robots.txt")
                text = raw.decode("utf-8", "replace")
            except ItemError as error:  # RFC 9309: none allows everything, one that cannot be reached nothing
                if not (isinstance(error, Refused) and 400 <= error.status < 500):
                    raise SourceError(f"robots.txt를 읽을 수 없어 수집하지 않았습니다. {error}") from error
                text = ""
            self._robots[site] = Robots(text, AGENT)
        return self._robots[site]

    def _wait(self, url: str) -> None:
        """Until the host may be asked again."""
        host = urlsplit(url).netloc
        between = 1 / self._settings.per_second
        if self._settings.robots:
            between = max(between, self._robots_of(url).delay)
        until = self._asked.get(host, 0.0) + between
        while (left := until - time.monotonic()) > 0:
            pause(left)
        self._asked[host] = time.monotonic()


def _may_be_document(url: str) -> bool:
    """Whether its name speaks for a page or for a file with a reader, not for a picture, a style or a program."""
    name = Path(urlsplit(url).path).name
    return "." not in name or readable(name) or Path(name).suffix.lower() in _MADE


def _unpacked(raw: bytes, url: str) -> bytes:
    if not raw.startswith(b"\x1f\x8b"):
        return raw
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        text = unpacker.decompress(raw, _UNPACKED)
    except zlib.error as error:
        raise ItemError(f"{hidden(url)}: 압축을 풀 수 없습니다({error}).") from error
    if unpacker.unconsumed_tail:
        raise ItemError(f"{hidden(url)}: 사이트맵이 너무 큽니다.")
    return text


def _read(fingerprint: str) -> dict[str, str]:
    try:
        found = json.loads(fingerprint or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
