"""How a file is broken: in its bytes, in its text, in a member of its archive, in a stream of its OLE file."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random

from tests.fuzz.seeds import Seed
from tests.unit.test_hwp5 import ole, packed

NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)
DIGITS = ("0", "-1", "1e999", "NaN", "2147483648", "99999999999999999999", "0.0000001", "1000000", "")
STRINGS = (
    "\0", "\ud800", "\ufeff", "\u200b", "\u202e", "\x0b", "\x1c", "\u2028", "\r", "\r\n", "\n\n\n", "\t", "﷽", "\uf0b7",
    "e\u0301", "ㅎㅏㄴ", "한", "\U0001f468\u200d\U0001f469", "\u0301" * 300, "가" * 3000, "a" * 9000, ". " * 900,
    "제1조(목적) ", "규칙 1 ", "• ", "Ⅰ. ", "\"", "'", "\\", "<", ">", "&", "&#0;", "&#xD800;", "]]>", "<!--", "<![CDATA[", "{{",
    "[" * 900, "(" * 900, "{\"a\":" * 300, "<b>" * 900, "<table><tr><td>" * 60, "|" * 900, "," * 900, "\"\n" * 50, "#" * 900,
    " " * 9000, "\n" * 900, "질문", "답변", "제시문", "=?utf-8?B?////?=", "charset=utf-7", "2024년 13월 45일",
)  # fmt: skip
SUFFIXES = (
    ".pdf .hwp .hwpx .hml .docx .pptx .xlsx .xls .ods .html .mht .txt .md .csv .tsv .json .jsonl .png .tif".split()
)
LONGEST = 100_000  # characters that grow out of a token; a document has four times as many at the most
_TOKEN = re.compile(r"<[^<>]*>|\"[^\"]*\"|[{}\[\],:]|\w+|\s+|[^\w\s]")
_NUMBER = re.compile(rb"\d+")


def mutated(rng: Random, seeds: Sequence[Seed]) -> Seed:
    """A broken file. The same generator in the same state breaks the same seeds in the same way."""
    suffix, raw = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        raw = _way(rng, suffix, raw)(rng, raw)
    if rng.random() < 0.03:
        raw += rng.choice(seeds)[1]
    return (rng.choice(SUFFIXES) if rng.random() < 0.03 else suffix), raw


def _way(rng: Random, suffix: str, raw: bytes) -> Callable[[Random, bytes], bytes]:
    if rng.random() < 0.25:
        return in_bytes
    if raw.startswith(b"PK\x03\x04"):
        return in_archive
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        return in_ole
    return in_pdf if suffix == ".pdf" else in_text


def in_bytes(rng: Random, raw: bytes) -> bytes:
    """Bits, numbers and chunks, wherever they stand."""
    data = bytearray(raw)
    for _ in range(rng.choice((1, 2, 4, 16))):
        if not data:
            break
        at = rng.randrange(len(data))
        end = min(len(data), at + rng.choice((1, 4, 32, 512, 4096)))
        match rng.randrange(8):
            case 0 | 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                form = rng.choice(("<B", "<H", "<I", ">H", ">I"))
                number = struct.pack(form, rng.choice(NUMBERS) & ((1 << 8 * struct.calcsize(form)) - 1))
                data[at : at + len(number)] = number
            case 3:
                del data[at:end]
            case 4:
                data[at:at] = data[at:end] * rng.choice((1, 2, 20))
            case 5:
                other = rng.randrange(len(data))
                data[at:end], data[other : other + end - at] = data[other : other + end - at], data[at:end]
            case 6:
                data[at:end] = rng.choice((b"\0", b"\xff", b"\xb0", rng.randbytes(1))) * (end - at)
            case 7:
                if rng.random() < 0.3:
                    del data[at:]
    return bytes(data)


def in_text(rng: Random, raw: bytes) -> bytes:
    """Tokens of a grammar that is not asked for; now and then in another encoding, or in two."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        text = raw.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        encoding, text = "cp949", raw.decode("cp949", "ignore")
    tokens = _TOKEN.findall(text) or [""]
    for _ in range(rng.choice((1, 2, 4, 8))):
        at, other = rng.randrange(len(tokens)), rng.randrange(len(tokens))
        match rng.randrange(8):
            case 0 | 1:
                tokens[at] += rng.choice(STRINGS)
            case 2:
                tokens[at] = ""
            case 3:
                tokens[at] = (tokens[at] * rng.choice((2, 50, 500)))[:LONGEST]
            case 4:
                tokens[at], tokens[other] = tokens[other], tokens[at]
            case 5:
                tokens[at] = re.sub(r"\d+", lambda _: rng.choice(DIGITS), tokens[at])
            case 6:
                low, high = sorted((at, other))
                tokens[at] = (tokens[at] + "".join(tokens[low:high]) * rng.choice((1, 1, 3)))[:LONGEST]
            case 7:
                tokens[at] = rng.choice(tokens)
    written = "".join(tokens)[: 4 * LONGEST]
    if rng.random() < 0.1:
        encoding = rng.choice(("utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le", "utf-32", "utf-7", "iso-2022-kr"))
    half = len(written) // 2 if rng.random() < 0.05 else len(written)
    return _encoded(written[:half], encoding) + _encoded(written[half:], "cp949")


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf") and encoding != "utf-7" else "replace")


def in_archive(rng: Random, raw: bytes) -> bytes:
    """Members in their bytes or their XML, left out, renamed, doubled, and packed again."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            members = [(name, archive.read(name)) for name in archive.namelist()]
    except Exception:  # broken before
        members = []
    if not members:
        return in_bytes(rng, raw)
    telling = [
        n for n, (name, _) in enumerate(members) if re.search(r"document|slide1|sheet|section|header|shared", name)
    ]
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.choice(telling) if telling and rng.random() < 0.7 else rng.randrange(len(members))
        name, content = members[at]
        match rng.randrange(12):
            case 0:
                members[at] = (name, b"")
            case 1:
                members[at] = (rng.choice(members)[0], content)
            case 2:
                members[at] = (name, rng.choice(members)[1])
            case 3:
                members[at] = (name, in_bytes(rng, content))
            case 4:
                members[at] = (name + rng.choice(("x", "/", "/../../a", "\0")), content)
            case _:
                members[at] = (name, in_text(rng, content))
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        warnings.simplefilter("ignore")  # of doubled names
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED, 1)  # with no time of day
    return out.getvalue()


def in_ole(rng: Random, raw: bytes) -> bytes:
    """Streams of HWP 5 in their records, packed again."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(raw)) as file:
            streams = {"/".join(path): file.openstream(path).read() for path in file.listdir() if len(path) < 3}
    except Exception:  # broken before
        return in_bytes(rng, raw)
    if not streams:
        return in_bytes(rng, raw)
    telling = [name for name in streams if name.startswith(("BodyText/", "DocInfo"))] or list(streams)
    name = rng.choice(telling) if rng.random() < 0.8 else rng.choice(list(streams))
    try:
        data = zlib.decompress(streams[name], -15)
    except zlib.error:
        streams[name] = in_bytes(rng, streams[name])
    else:
        streams[name] = packed(in_records(rng, data))
    if rng.random() < 0.05:
        del streams[name]
    return ole(streams)


def in_records(rng: Random, data: bytes) -> bytes:
    """Records of HWP 5: their kinds, levels, lengths, numbers and order."""
    records: list[tuple[int, int, bytes]] = []
    at = 0
    while at + 4 <= len(data):
        (head,) = struct.unpack_from("<I", data, at)
        size, at = head >> 20, at + 4
        if size == 0xFFF and at + 4 <= len(data):
            (size,), at = struct.unpack_from("<I", data, at), at + 4
        records.append((head & 0x3FF, head >> 10 & 0x3FF, data[at : at + size]))
        at += size
    for _ in range(rng.choice((1, 2, 4, 8)) if records else 0):
        at, other = rng.randrange(len(records)), rng.randrange(len(records))
        tag, level, payload = records[at]
        match rng.randrange(8):
            case 0:
                records[at] = (rng.choice(records)[0], level, payload)
            case 1:
                records[at] = (tag, rng.choice((0, level + 1, level + 2, max(level - 1, 0), 0x3FF)), payload)
            case 2:
                records[at] = (tag, level, payload[: rng.randrange(len(payload) + 1)])
            case 3 | 4:
                records[at] = (tag, level, in_bytes(rng, payload))
            case 5:
                records[at:at] = records[min(at, other) : max(at, other)][:200] * rng.choice((1, 10))
            case 6:
                records[at], records[other] = records[other], records[at]
            case 7:
                records[at] = (
                    tag,
                    level,
                    payload + "".join(rng.choices(STRINGS, k=2)).encode("utf-16-le", "surrogatepass"),
                )
    out = bytearray()
    for tag, level, payload in records:
        if len(out) > 10 * LONGEST:
            break
        size = min(len(payload), 0xFFF)
        out += struct.pack("<I", tag | (level & 0x3FF) << 10 | size << 20)
        out += (struct.pack("<I", len(payload)) if size == 0xFFF else b"") + payload
    return bytes(out)


def in_pdf(rng: Random, raw: bytes) -> bytes:
    """Numbers and names of the objects, which are text."""
    data = raw
    for _ in range(rng.choice((1, 2, 8, 40))):
        found = [*_NUMBER.finditer(data)] if rng.random() < 0.7 else [*re.finditer(rb"/\w+", data)]
        if not found:
            break
        one = rng.choice(found)
        new = (
            rng.choice(found).group()
            if rng.random() < 0.5
            else rng.choice((*DIGITS, "/Kids", "[", "<<", ">>", "R")).encode()
        )
        data = data[: one.start()] + new + data[one.end() :]
    return data
