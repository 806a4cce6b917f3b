"""Web pages and sitemaps kept in step, from a real site on this machine."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import HASHED
from tests.invoked import run
from tests.proxies import proxy
from tests.websites import Page, Site, html, site

from mundap.workspace import Mundap

WEB = """{index}
[[sources]]
name = "누리집"
kind = "web"
urls = [{urls}]
per_second = 1000
allow = ["127.0.0.1"]
{more}
"""
ROOM = html("회의실 안내", "회의실은 평일 오전 9시부터 오후 6시까지 예약할 수 있습니다.")
CARD = html("출입증 안내", "출입증을 잃어버리면 총무과에서 재발급 수수료 3천 원을 내고 다시 받습니다.")

Web = Callable[..., tuple[Site, Path]]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Makes a site of pages, and a workspace over those at these paths."""
    running = []

    def made(pages: dict[str, Page], *paths: str, more: str = "") -> tuple[Site, Path]:
        server = site(pages)
        running.append(server)
        own = server.__enter__()
        root = tmp_path / "ws"
        (root / "docs").mkdir(parents=True)
        urls = ", ".join(f'"{own.address}{path}"' for path in paths)
        (root / "mundap.toml").write_text(
            WEB.format(index=HASHED, urls=urls, more=more.replace("SITE", own.address)), "utf-8"
        )
        return own, root

    yield made
    for server in running:
        server.__exit__(None, None, None)


def synced(root: Path, *options: str, code: int = 0) -> dict[str, Any]:
    done = run("sync", "--json", *options, workspace=root)
    assert done.exit_code == code, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def found(root: Path, question: str) -> str:
    [hit, *_] = Mundap.open(root).search(question, k=1)
    return hit.passage.text


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in ("added", "updated", "removed", "unchanged"))


def test_pages_come_change_and_go(web: Web) -> None:
    own, root = web({"/room": ROOM, "/card": CARD}, "/room", "/card")
    first = synced(root)
    assert counts(first) == (2, 0, 0, 0)
    assert first["generation"]
    assert "3천 원" in found(root, "출입증을 잃어버렸어요")
    listed = {one.source for one in Mundap.open(root).corpus.documents()}
    assert listed == {f"{own.address}/room", f"{own.address}/card"}

    own.asked.clear()
    second = synced(root)
    assert counts(second) == (0, 0, 0, 2)
    assert second["fetched"] == 0
    assert second["generation"] == ""
    assert [(path, status) for _, path, status in own.asked if path != "/robots.txt"] == [
        ("/room", 304),
        ("/card", 304),
    ]

    own.pages["/room"] = html("회의실 안내", "회의실은 주말에도 오전 10시부터 예약할 수 있습니다.")
    own.pages["/card"] = Page(status=410)
    third = synced(root)
    assert counts(third) == (0, 1, 1, 0)
    assert "주말에도" in found(root, "회의실 예약")
    assert "3천 원" not in found(root, "출입증 재발급 수수료")


def test_a_site_that_is_down_removes_nothing(web: Web) -> None:
    own, root = web({"/room": ROOM}, "/room")
    synced(root)
    own.pages = {"/robots.txt": Page(status=503), "/room": Page(status=503)}
    report = synced(root, code=1)
    assert counts(report) == (0, 0, 0, 1)
    assert "robots.txt" in report["sources"][0]["error"]
    own.pages = {"/room": Page(status=500)}  # one broken page is skipped, and stays
    report = synced(root)
    assert counts(report) == (0, 0, 0, 1)
    assert "HTTP 500" in report["sources"][0]["skipped"][0]["reason"]
    own.pages = {}  # nothing is there any more: that is not believed at once
    report = synced(root, code=1)
    assert counts(report) == (0, 0, 0, 1)
    assert "--prune" in report["sources"][0]["error"]
    assert counts(synced(root, "--prune")) == (0, 0, 1, 0)


def test_a_site_that_answers_no_more_is_not_waited_for_page_by_page(web: Web) -> None:
    paths = [f"/{n}" for n in range(9)]
    pages = {path: html(f"안내 {path}", f"{path}번 창구는 오전에 엽니다.") for path in paths}
    own, root = web(pages, *paths, more="seconds = 2")
    synced(root)
    for path in paths[2:]:
        own.pages[path] = replace(pages[path], after=5.0)
    own.asked.clear()
    report = synced(root, code=1)
    assert counts(report) == (0, 0, 0, 9)
    assert "다음에 가져옵니다" in report["sources"][0]["error"]
    assert set(paths) & set(own.paths()) == set(paths[:5])
    own.pages = pages
    assert counts(synced(root)) == (0, 0, 0, 9)


def test_links_are_followed_on_the_site_and_files_taken(web: Web) -> None:
    pages = {
        "/": html(
            "알림", "새 소식을 안내합니다.", "/notice/1", "style.css", "https://elsewhere.example/", "mailto:a@b.c"
        ),
        "/notice/1": html("공지 1", "구내식당은 월요일에 쉽니다.", "/download.do?id=7", "/deep"),
        "/download.do?id=7": Page(
            "주차장은 지하 2층이며 무료입니다.\n".encode(),
            "application/octet-stream",
            headers={"Content-Disposition": 'attachment; filename="%EC%A3%BC%EC%B0%A8.txt"'},
        ),
        "/deep": html("깊은 곳", "세 번째 단계의 내용입니다.", "/deeper"),
        "/deeper": html("더 깊은 곳", "가져오지 않을 내용입니다."),
        "/style.css": Page(b"a{}", "text/css"),
    }
    own, root = web(pages, "/", more="follow = 2")
    assert counts(synced(root)) == (4, 0, 0, 0)
    assert "/style.css" not in own.paths()
    assert "/deeper" not in own.paths()
    assert "지하 2층" in found(root, "주차장 위치")
    titles = {one.title for one in Mundap.open(root).corpus.documents()}
    assert "주차" in titles
    front = own.pages["/"]
    own.pages["/"] = Page(status=500)  # what it linked to is not gone for that
    assert counts(synced(root)) == (0, 0, 0, 4)
    own.pages["/"] = front
    own.asked.clear()
    again = synced(root)  # links of a page that has not changed are those of its copy here
    assert counts(again) == (0, 0, 0, 4)
    assert again["fetched"] == 0


def test_sitemaps_list_pages_and_tell_what_changed(web: Web) -> None:
    def entry(path: str, time: str) -> str:
        return f"<url><loc>SITE{path}</loc><lastmod>{time}</lastmod></url>"

    def sitemap(own: Site, *entries: str) -> Page:
        body = "".join(entries).replace("SITE", own.address)
        ns = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        return Page(gzip.compress(f'<?xml version="1.0"?><urlset {ns}>{body}</urlset>'.encode()), "application/gzip")

    own, root = web({"/room": ROOM, "/card": CARD}, more='sitemaps = ["SITE/sitemap.xml"]\nexclude = ["*/card*"]')
    index = f"<sitemapindex><sitemap><loc>{own.address}/part.xml.gz</loc></sitemap></sitemapindex>"
    own.pages["/sitemap.xml"] = Page(index.encode(), "application/xml")
    own.pages["/part.xml.gz"] = sitemap(own, entry("/room", "2026-01-02T03:04:05Z"), entry("/card", "2026-01-02"))
    assert counts(synced(root)) == (1, 0, 0, 0)
    own.asked.clear()
    synced(root)
    assert "/room" not in own.paths()  # the sitemap says that it is as it was
    own.pages["/part.xml.gz"] = sitemap(own, entry("/room", "2026-02-02T03:04:05Z"))
    own.pages["/room"] = CARD
    assert counts(synced(root)) == (0, 1, 0, 0)
    own.pages["/sitemap.xml"] = Page(b'<!DOCTYPE a [<!ENTITY b "c">]><urlset>&b;</urlset>', "application/xml")
    report = synced(root, code=1)
    assert "DTD" in report["sources"][0]["error"]
    assert counts(report) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    "sitemap",
    [
        "\n\n  <?xml version='1.0'?><urlset><url><loc> SITE/room </loc></url></urlset>",
        "\ufeff<urlset><url><loc><![CDATA[SITE/room]]></loc></url></urlset>",
        "SITE/room\r\n\r\nSITE/card\r\n",
        "\ufeffSITE/room",
    ],
)
def test_sitemaps_are_read_as_sites_write_them(web: Web, sitemap: str) -> None:
    own, root = web({"/room": ROOM, "/card": CARD}, more='sitemaps = ["SITE/map"]\nexclude = ["*/card"]')
    own.pages["/map"] = Page(sitemap.replace("SITE", own.address).encode(), "text/plain")
    assert counts(synced(root)) == (1, 0, 0, 0)


def test_a_sitemap_may_be_in_euc_kr(web: Web) -> None:
    own, root = web({"/회의실": ROOM}, more='sitemaps = ["SITE/map"]')
    text = f'<?xml version="1.0" encoding="EUC-KR"?><urlset><url><loc>{own.address}/회의실</loc></url></urlset>'
    own.pages["/map"] = Page(text.encode("cp949"), "text/xml")
    assert counts(synced(root)) == (1, 0, 0, 0)
    assert {one.source for one in Mundap.open(root).corpus.documents()} == {f"{own.address}/회의실"}


def test_robots_are_obeyed(web: Web) -> None:
    pages = {
        "/room": ROOM,
        "/private/card": CARD,
        "/robots.txt": Page(b"User-agent: *\nDisallow: /private/", "text/plain"),
    }
    own, root = web(pages, "/room", "/private/card")
    report = synced(root)
    assert counts(report) == (1, 0, 0, 0)
    assert "robots.txt" in report["sources"][0]["skipped"][0]["reason"]
    assert "/private/card" not in own.paths()


def test_a_site_of_ones_own_network_is_refused_unless_listed(web: Web) -> None:
    own, root = web({"/room": ROOM}, "/room")
    config = root / "mundap.toml"
    config.write_text(config.read_text("utf-8").replace('allow = ["127.0.0.1"]\n', ""), "utf-8")
    report = synced(root, code=1)
    assert 'allow = ["127.0.0.1"]' in report["sources"][0]["error"]
    assert own.asked == []


def test_a_site_behind_the_proxy_of_an_office_is_kept_in_step(web: Web) -> None:
    """Which alone knows the names of the internet."""
    own, root = web({"/room": ROOM})
    port = int(own.server_address[1])
    with proxy({"www.example": ("127.0.0.1", port)}) as office:
        config = root / "mundap.toml"
        text = config.read_text("utf-8").replace("urls = []", 'urls = ["http://www.example/room"]')
        config.write_text(f'{text}\nproxy = "{office.address}"\n', "utf-8")
        error = synced(root, code=1)["sources"][0]["error"]
        assert 'allow = ["www.example"]' in error
        assert office.asked == []
        config.write_text(config.read_text("utf-8").replace('127.0.0.1"]', 'www.example"]'), "utf-8")
        assert counts(synced(root)) == (1, 0, 0, 0)
        assert counts(synced(root)) == (0, 0, 0, 1)
    assert {one.source for one in Mundap.open(root).corpus.documents()} == {"http://www.example/room"}
    assert [(path, status) for _, path, status in own.asked if path == "/room"] == [("/room", 200), ("/room", 304)]


def test_what_is_too_large_or_of_another_kind_is_skipped(web: Web) -> None:
    pages = {"/room": ROOM, "/film": Page(b"\0" * 10, "video/mp4"), "/large": Page(b"a" * (2 << 20), "text/plain")}
    _, root = web(pages, "/room", "/film", "/large", more="max_mb = 1")
    report = synced(root)
    assert counts(report) == (1, 0, 0, 0)
    reasons = " ".join(one["reason"] for one in report["sources"][0]["skipped"])
    assert "video/mp4" in reasons
    assert "max_mb" in reasons


def test_what_is_erased_is_not_fetched_again(web: Web) -> None:
    own, root = web({"/room": ROOM, "/card": CARD}, "/room", "/card")
    synced(root)
    done = run("erase", f"{own.address}/card", "--yes", "--json", workspace=root)
    assert done.exit_code == 0, done.stderr or done.exception
    kept = b"".join(path.read_bytes() for path in (root / ".mundap" / "sources").rglob("*") if path.is_file())
    assert "재발급 수수료".encode() not in kept
    own.asked.clear()
    report = synced(root)
    assert "/card" not in own.paths()
    assert report["documents"] == 1
