"""Broken requests to the API, in this process, and what came of each: answered, refused with a sentence, or a fault of ours."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.mutate import DIGITS, STRINGS, in_bytes
from tests.fuzz.run import KEPT, Tally

from mundap.serve.app import make_app
from mundap.workspace import Mundap

FAMILY = "requests"
SECONDS = 30.0  # in which a request is answered
AT_ONCE = 4
BATCH = 500  # requests, after which what was right is asked for
_CONFIG = 'low_disk_mb = 0\n[ui]\ndownload = true\n[index]\nencoder = "hashed"\n[serve]\nper_minute = 0\nbody_kb = 64\nupload_mb = 1\nuploads_mb = 1\n'
_QUESTION = "연차는 언제 소멸되나요?"
_RULES = (
    "# 휴가 규정\n\n## 연차\n\n연차는 2년이 지나면 소멸합니다.\n\n## 병가\n\n병가는 해마다 60일까지 쓸 수 있습니다.\n"
)
_ENGLISH = re.compile(r"Input should|Field required|Traceback|valid (string|integer|dictionary)|ensure this")
_BOUNDARY = "mundap-boundary"


@dataclass(frozen=True)
class Asked:
    """A request as it is on the wire. `leaves` says after which piece of its body its client is gone; -1 for one that stays."""

    method: str
    path: bytes
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    leaves: int = -1


@dataclass(frozen=True)
class Told:
    """An answer. A status of 0 says that none came."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


def seeds(document_id: str, passage_id: str) -> list[Asked]:
    """Requests that are as they should be."""

    def posted(path: str, body: Any) -> Asked:
        raw = json.dumps(body, ensure_ascii=False).encode()
        return Asked("POST", path.encode(), headers=((b"content-type", b"application/json"),), body=raw)

    said = [{"role": "user", "content": "안녕하세요"}, {"role": "assistant", "content": "네"}]
    parts = [
        {"type": "text", "text": _QUESTION},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
    ]
    filters = {"source": ["휴가.md"], "suffix": ["md"]}
    chat: dict[str, Any] = {"model": "mundap", "messages": [*said, {"role": "user", "content": _QUESTION}]}
    return [
        posted("/query", {"query": _QUESTION, "top_k": 3, "filters": {"suffix": ["md"]}, "session": "가"}),
        posted("/query", {"query": "병가는요?", "session": "가"}),
        posted("/search", {"query": _QUESTION, "top_k": 5, "leg": "bm25", "filters": filters}),
        posted("/search", {"query": "병가", "leg": "hybrid"}),
        posted("/v1/chat/completions", chat),
        posted("/v1/chat/completions", {**chat, "stream": True, "stream_options": {"include_usage": True}}),
        posted("/v1/chat/completions", {"messages": [{"role": "user", "content": parts}], "mundap": {"top_k": 2}}),
        posted("/v1/embeddings", {"model": "mundap", "input": [_QUESTION, "병가"], "encoding_format": "float"}),
        posted("/keywords", {"prompt": _QUESTION}),
        posted("/keyword_extract", {"prompt": _QUESTION}),
        posted("/kullm", {"prompt": _QUESTION, "top_k": 3}),
        posted("/feedback", {"request_id": "request-1", "verdict": "up", "comment": "좋아요", "answer": "2년입니다."}),
        Asked("GET", b"/documents", b"limit=10&offset=0&q=%ED%9C%B4%EA%B0%80"),
        Asked("DELETE", b"/documents/" + document_id.encode()),
        Asked("GET", b"/passages/" + passage_id.encode(), b"beside=100"),
        Asked("GET", b"/passages/" + passage_id.encode() + b"/picture", b"quote=15%EC%9D%BC"),
        Asked("GET", b"/passages/" + passage_id.encode() + b"/file"),
        Asked("GET", b"/graph", b"word=%EC%97%B0%EC%B0%A8&hops=2"),
        *(agent(posted, tool, **arguments) for tool, arguments in AGENTS),
        posted("/v1/chat/completions", {**chat, "mundap": {"language": "en", "session": "나"}, "stream": True}),
        posted("/questions", {"question": "구내식당은요?", "answer": "11시에 엽니다.", "access": ["임원"]}),
        posted("/questions/open/0123456789abcdef/close", {}),
        Asked("DELETE", b"/questions/answered/0123456789abcdef"),
        posted("/erase", {"name": "없는 문서", "file": False}),
        posted("/erase/older", {"age": "3000d"}),
        posted("/sources/없음/sync", {}),
        replace(posted("/config", {"values": {"retrieve.k": 5}}), method="PATCH"),
        replace(posted("/synonyms", {"rows": [{"asked": "술", "said": "주류"}], "version": "0"}), method="PUT"),
        posted("/synonyms/effect", {"rows": [{"asked": "술", "said": "주류", "score": 0.5}]}),
        Asked("GET", b"/documents/" + document_id.encode() + b"/passages", b"limit=10&offset=0"),
        Asked("GET", b"/questions/open", b"limit=10&offset=0"),
        Asked("GET", b"/audit", b"limit=10"),
        Asked("GET", b"/", headers=((b"accept", b"text/html"),)),
        Asked("GET", b"/login", b"next=/"),
        Asked("GET", b"/login/callback", b"code=1&state=2"),
        Asked("POST", b"/logout"),
        Asked("GET", b"/reports/20261130T000000-ingest"),
        Asked("GET", b"/settings", b"language=en"),
        *(
            Asked("GET", path)
            for path in (
                b"/v1/models",
                b"/v1/models/mundap",
                b"/reports",
                b"/settings",
                b"/metrics",
                b"/readyz",
                b"/",
                b"/docs",
                b"/openapi.json",
                b"/me",
                b"/config",
                b"/activity",
                b"/models",
                b"/sources",
                b"/synonyms",
                b"/questions/answered",
                b"/widget.js",
                b"/page/0/app.js",
            )
        ),
        *(uploaded(name, content) for name, content in (("새.md", _RULES), ("표.csv", "질문,답변\n연차는?,15일\n"))),
    ]


AGENTS: list[tuple[str, dict[str, Any]]] = [
    ("search", {"question": _QUESTION, "k": 3, "leg": "bm25", "filters": {"suffix": ["md"]}}),
    ("ask", {"question": _QUESTION}),
    ("list_documents", {"words": "휴가", "limit": 10}),
    ("read_document", {"document_id": "0" * 16, "offset": 0}),
    ("graph_neighbours", {"word": "연차"}),
]


def agent(posted: Callable[[str, Any], Asked], tool: str, **arguments: Any) -> Asked:
    """A call of a tool by an agent."""
    called = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}
    asked = posted("/mcp", called)
    return replace(asked, headers=(*asked.headers, (b"accept", b"application/json, text/event-stream")))


def uploaded(name: str, content: str, access: str = "") -> Asked:
    """A file that is sent."""
    tags = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="access"\r\n\r\n{access}\r\n' if access else ""
    body = (
        f'{tags}--{_BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        f"Content-Type: text/plain\r\n\r\n{content}\r\n--{_BOUNDARY}--\r\n"
    )
    kind = f"multipart/form-data; boundary={_BOUNDARY}".encode()
    return Asked("POST", b"/documents", headers=((b"content-type", kind),), body=body.encode())


def mutated(rng: Random, whole: list[Asked]) -> Asked:
    """A broken request. The same generator in the same state breaks the same requests in the same way."""
    asked = rng.choice(whole)
    if asked.path == b"/documents" and asked.method == "POST" and rng.random() < 0.7:
        asked = rng.choice(whole)  # each that goes in is indexed, which takes time
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        asked = rng.choice((_in_body, _in_body, _in_body, _in_body, _in_address, _in_headers, _in_method))(rng, asked)
    return replace(asked, path=_visible(asked.path), query=_visible(asked.query))


def _visible(target: bytes) -> bytes:
    """As it can be on the wire: h11 refuses other bytes (RFC 9112, section 3.2)."""
    return re.sub(rb"[^!-~]", lambda byte: b"%%%02x" % ord(byte[0]), target)


def _in_body(rng: Random, asked: Asked) -> Asked:
    if not asked.body:
        return replace(asked, body=rng.choice((b"{}", b"[]", b"null", b"\xff\xfe", b"0" * 70_000)))
    if asked.body[:1] in b"{[" and rng.random() < 0.75:
        try:
            value = json.loads(asked.body)
        except (ValueError, RecursionError):
            return replace(asked, body=in_bytes(rng, asked.body))
        return replace(asked, body=_dumped(rng, _in_value(rng, value)))
    return replace(asked, body=in_bytes(rng, asked.body))


def _in_value(rng: Random, value: Any) -> Any:
    """The value with one of what it holds replaced, renamed, doubled, or gone."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        key = rng.choice(list(value))
        match rng.randrange(6):
            case 0:
                return {one: inner for one, inner in value.items() if one != key}
            case 1:
                return {**value, rng.choice(STRINGS)[:200]: value[key]}
            case 2:
                return {(rng.choice(STRINGS)[:200] if one == key else one): inner for one, inner in value.items()}
            case _:
                return {**value, key: _in_value(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        match rng.randrange(4):
            case 0:
                return value[:at] + value[at + 1 :]
            case 1:
                return value * rng.choice((2, 50, 300))
            case _:
                return [*value[:at], _in_value(rng, value[at]), *value[at + 1 :]]
    if isinstance(value, str) and rng.random() < 0.4:
        at = rng.randrange(len(value) + 1)
        return value[:at] + rng.choice(STRINGS) + value[at:]
    return rng.choice(
        (
            None, True, False, 0, -1, 1.5, 10**30, 2**63, 1e308, "", " ", "0", [], {}, [None], {"": None}, [[[]]],
            rng.choice(STRINGS), rng.choice(DIGITS), [rng.choice(STRINGS)], {rng.choice(STRINGS)[:99]: [value]}, [value, value],
        )
    )  # fmt: skip


def _dumped(rng: Random, value: Any) -> bytes:
    """As JSON, some of it as only Python writes it."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.05:
        text = text.replace("0", rng.choice(DIGITS) or "0", 1)
    return text.encode("utf-8", "surrogatepass" if rng.random() < 0.5 else "replace")


def _in_address(rng: Random, asked: Asked) -> Asked:
    odd = rng.choice(STRINGS).encode("utf-8", "surrogatepass")[:300]
    quoted = b"".join(b"%%%02x" % byte for byte in odd)
    match rng.randrange(6):
        case 0:
            return replace(
                asked, path=asked.path + rng.choice((b"/", b"//", b"/..", b"/%2e%2e/x", b"%00", b";x", b"/" + quoted))
            )
        case 1:
            return replace(asked, path=asked.path.rpartition(b"/")[0] + b"/" + quoted)
        case 2:
            return replace(
                asked, query=asked.query + b"&" + rng.choice((b"limit", b"q", b"depth", b"offset")) + b"=" + quoted
            )
        case 3:
            number = rng.choice(DIGITS).encode()
            return replace(asked, query=re.sub(rb"\d+", number, asked.query, count=1) or b"limit=" + number)
        case 4:
            return replace(asked, query=in_bytes(rng, asked.query or b"q=1"))
        case _:
            return replace(asked, path=b"/" + in_bytes(rng, asked.path[1:] or b"x"))


def _in_headers(rng: Random, asked: Asked) -> Asked:
    odd = re.sub(rb"[\0-\x1f\x7f]", b"", rng.choice(STRINGS).encode("utf-8", "surrogatepass"))[:4000]
    name = rng.choice(
        (b"content-type", b"authorization", b"x-api-key", b"x-request-id", b"accept", b"origin", b"host",
         b"accept-language", b"content-encoding", b"cookie", b"x-forwarded-for", b"expect", b"x-odd", b"range", b"if-range",
         b"if-none-match", b"if-modified-since", b"sec-fetch-site", b"mcp-protocol-version", b"mcp-session-id")
    )  # fmt: skip
    value = rng.choice(
        (b"", b"0", b"-1", b"99999999999999", b"text/plain", b"application/json; charset=utf-16", b"multipart/form-data",
         b"multipart/form-data; boundary=", b"Bearer ", b"Bearer " + odd, b"http://evil.example", b"gzip", b"chunked", b"[", b"bytes=0-4,2-9,-3", b"bytes=9-1",
         b"bytes=" + b"0-0," * 200, b"W/\"x\", *", b"cross-site", odd)
    )  # fmt: skip
    kept = [one for one in asked.headers if one[0] != name] if rng.random() < 0.7 else list(asked.headers)
    return replace(asked, headers=(*kept, (name.lower(), value)))


def _in_method(rng: Random, asked: Asked) -> Asked:
    if rng.random() < 0.4:
        return replace(asked, leaves=rng.randrange(3))
    return replace(
        asked, method=rng.choice(("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"))
    )


def fuzz_requests(numbers: range, seed: int = 0, keep: Path | None = KEPT) -> Tally:
    """Send the requests `numbers`. Those that showed a fault are kept in the folder `keep`."""
    tally = Tally(FAMILY, seed)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, _silent():
        asyncio.run(_send(tally, Path(folder) / "ws", numbers, keep))
    tally.seconds = time.monotonic() - began
    return tally


async def _send(tally: Tally, root: Path, numbers: range, keep: Path | None) -> None:
    (root / "docs").mkdir(parents=True)
    (root / "mundap.toml").write_text(_CONFIG, "utf-8")
    (root / "docs" / "휴가.md").write_text(_RULES, "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    app = make_app(bot, bot.config.serve)
    [document] = bot.corpus.documents()
    whole = seeds(document.id, bot.corpus.ids()[0])

    async def sends(left: Iterator[int]) -> None:
        for n in left:
            asked = mutated(Random(f"{FAMILY} {tally.seed} {n}"), whole)
            kind, reason = await _judged(app, asked, root)
            tally.counts[kind] += 1
            if kind == "reported":
                tally.reasons[re.sub(r"[\d,]+", "0", reason)[:60]] += 1
            elif kind != "read":
                tally.failures.append((n, kind, reason))
                if keep is not None:
                    keep.mkdir(exist_ok=True)
                    (keep / f"{FAMILY}-{tally.seed}-{n}").write_text(repr(asked), "utf-8")

    def unheard(_: object, context: dict[str, Any]) -> None:
        tally.failures.append((numbers.start, "unexpected", f"{context['message']} {context.get('exception')!r}"))

    asyncio.get_running_loop().set_exception_handler(unheard)
    async with app.router.lifespan_context(app):
        for start in range(numbers.start, numbers.stop, BATCH):
            left = iter(range(start, min(start + BATCH, numbers.stop)))
            await asyncio.gather(*(sends(left) for _ in range(AT_ONCE)))
            await _still_right(app, tally, start, bot, document.source)
            tally.held.append(_held())


def _held() -> tuple[int, int]:
    """The megabytes that this process holds, and its open files; zeros where the system does not say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0, 0
    [held] = [int(line.split()[1]) for line in status.read_text("utf-8").splitlines() if line.startswith("RssAnon")]
    return held >> 10, len([*Path("/proc/self/fd").iterdir()])


async def _still_right(app: Any, tally: Tally, n: int, bot: Mundap, source: str) -> None:
    """What was right is right after all that; a document that was deleted is read again."""
    if bot.corpus.fingerprint(source) is None:
        bot.ingest()
        bot.index()
    for name in ("새.md", "새.csv"):
        sent = await exchange(app, uploaded(name, f"# 새\n\n{n}번째 새 글은 {n * 7}호입니다.\n"))
        listed = await exchange(app, Asked("GET", b"/documents", b"limit=1000"))
        if sent.status == 200 and f"uploads/{name}" not in listed.body.decode():
            tally.failures.append((n, "lost", name))
    body = json.dumps({"query": _QUESTION, "filters": {"title": ["휴가 규정"]}}).encode()
    told = await exchange(app, Asked("POST", b"/query", body=body))
    if told.status != 200 or "2년" not in told.body.decode():
        tally.failures.append((n, "wrong", f"{told.status} {told.body.decode()[:300]}"))


async def _judged(app: Any, asked: Asked, root: Path) -> tuple[str, str]:
    """The outcome of a request as one of run.OUTCOMES, and the reason."""
    logged: list[str] = []
    _LOGGED.set(logged)  # of the tasks and threads of this request alone
    try:
        told = await asyncio.wait_for(exchange(app, asked), SECONDS)
    except TimeoutError:
        return "time", "no answer"
    except Exception as error:
        return "died", repr(error)
    if told.status == 0 or told.status == 499:
        return ("reported", "gone") if asked.leaves >= 0 else ("lost", "no answer")
    try:
        text = told.body.decode()
    except UnicodeDecodeError:
        return "wrong", "no UTF-8"
    if told.status >= 500:
        return "unexpected", f"{told.status} {text[:300]}\n{asked}\n{chr(10).join(logged)}"
    to_agent = asked.path.startswith(b"/mcp") and b'"jsonrpc"' in told.body  # what is wrong is told by their protocol
    if str(root) in text or (_ENGLISH.search(text) and not to_agent):
        return "unclear", text[:300]
    kind = told.headers.get(b"content-type", b"")
    if to_agent or (asked.path.startswith(b"/mcp") and told.status < 400):
        return "read", ""
    if kind.startswith(b"text/event-stream") and not text.rstrip().endswith("data: [DONE]"):
        return "wrong", f"a stream without its end: {text[-200:]}"
    if told.status < 400:
        return _answered(asked, text, kind)
    if asked.method == "HEAD":
        return "reported", str(told.status)
    try:
        said = json.loads(text)
        detail = said["error"]["message"] if "error" in said else said["detail"]
    except (ValueError, KeyError, TypeError):
        return "unclear", text[:300]
    if not re.search("[가-힣]", detail) or not detail.isprintable() or len(detail) > 2000:
        return "unclear", detail[:300]
    return "reported", f"{told.status} {detail}"


def _answered(asked: Asked, text: str, kind: bytes) -> tuple[str, str]:
    if kind.startswith(b"application/json") and text:
        value = json.loads(text)
        if asked.path == b"/documents" and asked.method == "POST":
            done = value["added"] + value["updated"] + value["unchanged"] + len(value["skipped"])
            if not done:
                return "lost", text[:300]
    return "read", ""


async def exchange(app: Any, asked: Asked) -> Told:
    """Send a request to `app`, and take its answer."""
    pieces = [asked.body[start : start + 20_000] for start in range(0, len(asked.body), 20_000)] or [b""]
    sent = 0
    over = asyncio.Event()
    status, headers, parts = 0, {}, []
    raw_path = asked.path

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if asked.leaves >= 0 and sent >= min(asked.leaves, len(pieces)):
            return {"type": "http.disconnect"}
        if sent < len(pieces):
            sent += 1
            return {"type": "http.request", "body": pieces[sent - 1], "more_body": sent < len(pieces)}
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], dict(message["headers"])
        else:
            parts.append(message.get("body", b""))

    named = {name for name, _ in asked.headers}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": _unquoted(raw_path),
        "raw_path": raw_path,
        "query_string": asked.query,
        "root_path": "",
        "headers": [*asked.headers, *([] if b"host" in named else [(b"host", b"127.0.0.1:8000")])],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    try:
        await app(scope, receive, send)
    finally:
        over.set()
    return Told(status, headers, b"".join(parts))


def _unquoted(raw: bytes) -> str:
    """As uvicorn does."""
    from urllib.parse import unquote

    return unquote(raw.decode("ascii", "replace"))


_LOGGED: ContextVar[list[str] | None] = ContextVar("logged", default=None)


class _Failures(logging.Handler):
    """Gives each request what is logged of it, tracebacks above all."""

    def emit(self, record: logging.LogRecord) -> None:
        logged = _LOGGED.get()
        if logged is not None and record.levelno >= logging.WARNING:
            raised = logging.Formatter().formatException(record.exc_info)[-3000:] if record.exc_info else ""
            logged.append(f"{record.getMessage()}\n{raised}")


_FAILURES = _Failures()


@contextmanager
def _silent() -> Iterator[None]:
    """Without the log of what is refused, which is most."""
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    logger = logging.getLogger("mundap")
    logger.addHandler(_FAILURES)
    logger.propagate = False
    try:
        yield
    finally:
        logger.propagate = True
        logger.removeHandler(_FAILURES)
