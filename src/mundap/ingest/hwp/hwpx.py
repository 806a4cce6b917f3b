"""HWPX, a zip of XML, and HWPML, one XML file, into pieces, with what they say of themselves."""

from __future__ import annotations

import io
import re
import zipfile
import zlib

from mundap.extras import need
from mundap.ingest.elements import Element
from mundap.ingest.hwp.flow import Piece, Story
from mundap.ingest.hwp.parts import MAX_PART, Broken, Found, Locked, TooLarge
from mundap.ingest.hwp.xml import Walker, child, get, name, parse_xml, styles_of

_MAX_EMBEDDED = 32 << 20
_SECTION = re.compile(r"(?:^|/)section(\d{1,5})\.xml$", re.I)
_BINARY = re.compile(rb"(<BINDATA\b[^>]*>)[^<]*")
# What zipfile and lxml (whose errors are SyntaxErrors) raise for broken archives and broken XML.
_BAD = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, LookupError)
_BAD_XML = (*_BAD, SyntaxError)


def read_hwpx(raw: bytes) -> Found:
    """The document in an archive. Raises Locked, TooLarge and Broken."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _package(archive)
    except _BAD as error:
        raise Broken(str(error)) from error


def _package(archive: zipfile.ZipFile) -> Found:
    paths = {path.lower(): path for path in archive.namelist()}

    def root(path: str) -> Element | None:
        """Of a part that a document can do without."""
        try:
            return parse_xml(_part(archive, paths[path], MAX_PART)) if path in paths else None
        except _BAD_XML:
            return None

    def fetch(path: str) -> bytes | None:
        found = paths.get(path.lower()) or paths.get(f"contents/{path}".lower())
        try:
            return _part(archive, found, _MAX_EMBEDDED) if found else None
        except (*_BAD, TooLarge):
            return None

    manifest = root("meta-inf/manifest.xml")
    if manifest is not None and any(name(each) == "encryption-data" for each in manifest.iter()):
        raise Locked
    head, package = root("contents/header.xml"), root("contents/content.hpf")
    items = () if package is None else [each for each in package.iter() if name(each) == "item"]
    hrefs = {get(each, "id"): get(each, "href") for each in items}
    story = Story() if head is None else Story(styles_of(head))
    walker = Walker(story, fetch, lambda ref: fetch(hrefs.get(ref, "")))
    pieces: list[Piece] = []
    broken = []
    sections = sorted((int(found[1]), path) for path in archive.namelist() if (found := _SECTION.search(path)))
    for n, (_, path) in enumerate(sections, 1):
        try:
            section = parse_xml(_part(archive, path, MAX_PART))
        except _BAD_XML:
            broken.append(n)
            continue
        pieces += walker.section(section)
    if len(broken) == len(sections):
        raise Broken("본문을 찾지 못함")
    title, dates = ("", ()) if package is None else _about(package)
    return Found(tuple(pieces), story, title, dates, tuple(broken))


def _part(archive: zipfile.ZipFile, path: str, limit: int) -> bytes:
    """One file of the archive, of no more than `limit` bytes whatever its entry claims."""
    if archive.getinfo(path).flag_bits & 1:
        raise Locked
    with archive.open(path) as part:
        raw = part.read(limit + 1)
    if len(raw) > limit:
        raise TooLarge
    return raw


def _about(package: Element) -> tuple[str, tuple[str, ...]]:
    title = next((each.text or "" for each in package.iter() if name(each) == "title"), "")
    said = {get(each, "name").lower(): each.text or "" for each in package.iter() if name(each) == "meta"}
    return title, tuple(said.get(key, "") for key in ("modifieddate", "createddate", "date"))


def read_hwpml(raw: bytes) -> Found:
    """The document in an XML file. Raises TooLarge and Broken."""
    library, errors = need("hwp2md.hwpml.reader", "docs"), need("hwp2md.errors", "docs")
    if len(raw) > MAX_PART:
        raise TooLarge
    try:
        # Pictures in base64 go first: the parser refuses texts of ten million letters.
        root = parse_xml(_BINARY.sub(rb"\1", library.prepare_xml(raw)))
    except (errors.Hwp2mdError, SyntaxError, ValueError, LookupError) as error:
        raise Broken(str(error)) from error
    head, body = child(root, "head"), child(root, "body")
    if body is None:
        raise Broken("본문을 찾지 못함")
    story = Story() if head is None else Story(styles_of(head))
    walker = Walker(story, lambda path: None, lambda ref: None)
    pieces = [piece for section in body if name(section) == "section" for piece in walker.section(section)]
    about = None if head is None else child(head, "docsummary")
    said = {} if about is None else {name(each): each.text or "" for each in about}
    return Found(tuple(pieces), story, said.get("title", ""), (said.get("date", ""),))
