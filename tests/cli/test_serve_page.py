"""The visitors' page over HTTP: what browsers and programs get at /, what is kept, and who may see pictures and files."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import HASHED, MakeBot, Run, Serve, Server

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from mundap.serve.page import files

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
SITE = "https://www.example.go.kr"
SETTINGS = f"""{HASHED}
[serve]
cors_origins = ["{SITE}"]
[ui]
download = true
[access.folders]
"docs/비공개" = ["직원"]
"""


def drawn(*lines: str) -> bytes:
    """A PDF with a page for each line."""
    from io import BytesIO

    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    out = BytesIO()
    page = canvas.Canvas(out)
    for line in lines:
        page.drawString(72, 700, line)
        page.showPage()
    page.save()
    return out.getvalue()


@pytest.fixture
def served(indexed: MakeBot, serving: Serve) -> Iterator[Server]:
    files: dict[str, str | bytes] = {
        "guide.pdf": drawn("Parking is free for visitors until nine.", "The lobby opens at seven in the morning."),
        "비공개/secret.pdf": drawn("The vault opens at midnight for staff only."),
    }
    bot = indexed(files, SETTINGS)
    with serving(bot.root) as server:
        yield server


def passage(server: Server, question: str, key: str = "") -> str:
    head = {"X-API-Key": key} if key else {}
    found = server.client.post("/search", json={"query": question, "top_k": 1}, headers=head).json()["hits"]
    return str(found[0]["passage_id"])


def test_browsers_get_the_page_and_programs_where_to_go(served: Server) -> None:
    client = served.client
    assert client.get("/").json()["query"] == "/query"
    page = client.get("/", headers=HTML)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Accept" in page.headers["vary"]
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"<script(?![^>]*src)|<style|\sstyle=|\son\w+=|//", page.text.replace("<!doctype", ""))
    assert client.get("/", headers={**HTML, "If-None-Match": page.headers["etag"]}).status_code == 304


def test_files_are_kept_by_their_digest_and_together_are_small(served: Server) -> None:
    client = served.client
    page = client.get("/", headers=HTML)
    names = sorted(set(re.findall(r'(?:href|src)="(page/[^"]+)"', page.text)))
    raw = packed = len(page.content)
    for name in names:
        plain = client.get(f"/{name}", headers={"Accept-Encoding": "identity"})
        assert plain.status_code == 200, name
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "Origin" in plain.headers["vary"]
        raw += len(plain.content)
        packed += len(gzip.compress(plain.content, 9))
        with client.stream("GET", f"/{name}", headers={"Accept-Encoding": "gzip"}) as sent:
            assert sent.headers["content-encoding"] == "gzip"
            assert gzip.decompress(b"".join(sent.iter_raw())) == plain.content
    imported = {
        f"page/{name.split('/')[1]}/{found}"
        for name in names
        if name.endswith(".js")
        for found in re.findall(r'from "\./([^"]+)"', client.get(f"/{name}").text)
    }
    assert imported <= set(names)  # all is asked for at once
    assert raw < 100_000
    assert packed < 35_000
    old = client.get(f"/page/0000/{names[0].rpartition('/')[2]}")
    assert old.headers["cache-control"] == "no-cache"
    for wrong in ("/page/0/..%2f..%2fapp.py", "/page/0/nothing.js", "/page/0/__init__.py"):
        assert client.get(wrong).status_code == 404


def test_the_page_needs_no_key_and_the_widget_no_more_than_an_allowed_site(served: Server, mundap: Run) -> None:
    client, root = served.client, served.errors
    workspace = root_of(served)
    key = mundap("keys", "add", "위젯", "--role", "ask", workspace=workspace).out.strip()
    assert client.get("/settings").status_code == 401
    assert client.get("/", headers=HTML).status_code == 200
    widget = client.get("/widget.js")
    assert widget.headers["cross-origin-resource-policy"] == "cross-origin"
    [files] = re.findall(r'"(page/[0-9a-f]+/)"', widget.text)
    for site, allowed in ((SITE, SITE), ("https://evil.example", None)):
        head = {"Origin": site}
        assert client.get(f"/{files}app.js", headers=head).headers.get("access-control-allow-origin") == allowed
        asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
        assert client.options("/query", headers=head | asks).is_success == bool(allowed)
    assert client.get("/settings", headers={"X-API-Key": key}).status_code == 200
    assert client.get("/documents", headers={"X-API-Key": key}).status_code == 403
    assert root.exists()


def root_of(server: Server) -> Path:
    args = server.process.args
    assert isinstance(args, list)
    return Path(str(args[args.index("--workspace") + 1]))


def test_pictures_and_files_are_for_those_who_see_the_document(served: Server, mundap: Run) -> None:
    client = served.client
    workspace = root_of(served)
    keys = {
        name: mundap("keys", "add", name, "--role", "ask", *tags, workspace=workspace).out.strip()
        for name, tags in (("시민", ()), ("직원", ("--access", "직원")))
    }
    open_, secret = (passage(served, q, keys["직원"]) for q in ("parking visitors", "vault midnight staff"))

    def get(path: str, name: str, **params: str) -> httpx.Response:
        return client.get(path, headers={"X-API-Key": keys[name]}, params=params)

    about = get(f"/passages/{open_}", "시민").json()
    assert (about["picture"], about["file"]) == (True, True)
    picture = get(f"/passages/{open_}/picture", "시민", quote="The lobby opens at seven")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert picture.headers["x-page"] == "2"  # where the quote is
    assert 0 < float(picture.headers["x-mark"]) < 0.5
    file = get(f"/passages/{open_}/file", "시민")
    assert file.content.startswith(b"%PDF")
    assert "attachment" in file.headers["content-disposition"]
    assert file.headers["content-type"] == "application/octet-stream"
    for wanted in ("bytes=0-3", "bytes=9-1", "bytes=0-0,2-2,4-4", "bytes=99999999-", "x"):
        part = client.get(f"/passages/{open_}/file", headers={"X-API-Key": keys["시민"], "Range": wanted})
        assert (part.status_code, part.content) == (200, file.content), wanted
    for what in ("", "/picture", "/file"):
        assert get(f"/passages/{secret}{what}", "시민").status_code == 404, what
        assert get(f"/passages/{secret}{what}", "직원").status_code == 200, what


def test_names_of_files_that_somebody_makes_up_take_no_memory() -> None:
    assert files.file("app.js") is not None
    for n in range(1000):
        assert files.file(f"{n}.js") is None
    assert files._file.cache_info().currsize <= len(files._names())


def test_what_the_bot_says_of_its_own_is_in_the_language_of_who_asks(serving: Serve, office: Path) -> None:
    with serving(office) as server:
        body = {"query": "화성의 위성은 몇 개인가요?", "language": "en"}
        said = server.client.post("/query", json=body).json()
        assert said["response"] == "Sorry, the documents do not answer this question."
        assert [one["text"] for one in said["sentences"]] == [said["response"]]
        chat = {"messages": [{"role": "user", "content": body["query"]}], "mundap": {"language": "en"}}
        message = server.client.post("/v1/chat/completions", json=chat).json()["choices"][0]["message"]
        assert message["content"] == message["mundap"]["answer"] == said["response"]
        assert "무효" not in server.client.get("/settings", params={"language": "en"}).json()["notice"]
        assert server.client.get("/settings", params={"language": "en"}).json()["title"] == "mundap"
        found = server.client.post("/search", json={"query": "연차", "top_k": 1}).json()["hits"][0]["passage_id"]
        assert server.client.get(f"/passages/{found}/file").status_code == 403
        assert server.client.get(f"/passages/{found}/picture").status_code == 404
