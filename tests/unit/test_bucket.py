"""A bucket whose server is slow to come, refuses, or is not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from tests.serving import running

from mundap.config import Config
from mundap.errors import ConfigError, RecordUnreachable
from mundap.store import bucket as module
from mundap.store.bucket import Bucket
from mundap.workspace.model_files import fetch_models, named_models, send_model
from mundap.workspace.uploads import Uploads

SECRET = "secret-word"


class Objects(BaseHTTPRequestHandler):
    """Keeps objects in memory. `trouble` has (status, body) of the next answers, after which all is well."""

    kept: ClassVar[dict[str, bytes]]
    trouble: ClassVar[list[tuple[int, str]]]

    def _answer(self, status: int, body: bytes = b"", tag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if tag:
            self.send_header("ETag", f'"{tag}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _do(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        assert SECRET not in str(self.headers)
        if self.trouble:
            status, said = self.trouble.pop(0)
            self._answer(status, said.encode())
        elif self.command == "PUT":
            self.kept[self.path] = body
            self._answer(200)
        elif self.command == "DELETE":
            self.kept.pop(self.path, None)
            self._answer(204)
        elif "?" in self.path:
            self._answer(200, self._listing())
        elif self.path in self.kept:
            self._answer(200, self.kept[self.path], f"{hash(self.kept[self.path]) & 0xFFFF:x}")
        else:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _listing(self) -> bytes:
        contents = "".join(
            f"<Contents><Key>{key.removeprefix('/papers/')}</Key><ETag>t</ETag></Contents>" for key in sorted(self.kept)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode()

    do_GET = do_PUT = do_HEAD = do_DELETE = _do  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@contextmanager
def objects(*trouble: tuple[int, str]) -> Iterator[tuple[str, dict[str, bytes]]]:
    class Handler(Objects):
        kept: ClassVar[dict[str, bytes]] = {}

    Handler.trouble = [*trouble]
    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield f"http://127.0.0.1:{server.server_port}", Handler.kept


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(module.KEY, "key")
    monkeypatch.setenv(module.SECRET, SECRET)
    monkeypatch.setattr(module, "_WAITS", (0.0, 0.0))


def test_what_is_put_is_there_until_it_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("내용", "utf-8")
    with objects() as (address, _):
        bucket = Bucket("s3://papers/올린 파일/", address, "r")
        assert (bucket.tag("규정.txt"), [*bucket.files()]) == (None, [])
        bucket.put("규정.txt", tmp_path / "a")
        assert [one.name for one in bucket.files()] == ["규정.txt"]
        assert bucket.tag("규정.txt")
        assert bucket.get("규정.txt", tmp_path / "b")
        assert (tmp_path / "b").read_text("utf-8") == "내용"
        bucket.delete("규정.txt")
        bucket.delete("규정.txt")
        assert not bucket.get("규정.txt", tmp_path / "c")


def test_a_server_that_is_busy_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("내용", "utf-8")
    with objects((503, ""), (500, "")) as (address, kept):
        Bucket("s3://papers", address, "r").put("a.txt", tmp_path / "a")
        assert kept == {"/papers/a.txt": "내용".encode()}


@pytest.mark.parametrize(
    ("trouble", "kind", "parts"),
    [
        ([(503, "")] * 3, RecordUnreachable, ("HTTP 503", "endpoint")),
        ([(403, "")], ConfigError, ("거부", module.KEY, module.SECRET)),
        ([(404, "<Code>NoSuchBucket</Code>")], ConfigError, ("버킷이 없습니다", "papers")),
        ([(400, f"bad {SECRET}")], ConfigError, ("HTTP 400",)),
    ],
)
def test_what_is_wrong_is_one_sentence_with_what_to_do(
    tmp_path: Path, trouble: list[tuple[int, str]], kind: type[Exception], parts: tuple[str, ...]
) -> None:
    (tmp_path / "a").write_text("내용", "utf-8")
    with objects(*trouble) as (address, _), pytest.raises(kind) as told:
        Bucket("s3://papers", address, "r").put("a.txt", tmp_path / "a")
    assert "\n" not in str(told.value)
    assert all(part in str(told.value) for part in parts)


def test_nobody_there_and_no_keys_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordUnreachable, match=r"\[store\] files"):
        Bucket("s3://papers", "http://127.0.0.1:9", "r").tag("a")
    monkeypatch.delenv(module.SECRET)
    with pytest.raises(ConfigError, match=module.SECRET):
        Bucket("s3://papers", "", "r")


def test_uploads_in_a_bucket_are_the_same_on_every_machine(tmp_path: Path) -> None:
    with objects() as (address, kept):
        one, two = (Uploads(tmp_path / name, Bucket("s3://papers/u", address, "r")) for name in ("하나", "둘"))
        for each in (one, two):
            each.folder.mkdir(parents=True)
        source = one.source("규정.txt")
        for text in ("처음", "다음"):
            with one.incoming() as incoming:
                file = incoming.folder / "규정.txt"
                file.write_text(text, "utf-8")
                one.place(file, "규정.txt")
            found = two.file(source)
            assert found is not None
            assert found.read_text("utf-8") == text
        assert [*two.files()] == [source]
        with pytest.raises(OSError, match="다시"), two.leaving(source):
            raise OSError("다시")
        assert one.has(source)
        with pytest.raises(RecordUnreachable), two.leaving(source):
            raise RecordUnreachable("끊겼습니다")
        assert not one.has(source)
        with one.incoming() as incoming:
            (incoming.folder / "규정.txt").write_text("다음", "utf-8")
            one.place(incoming.folder / "규정.txt", "규정.txt")
        with two.leaving(source):
            pass
        assert not one.has(source)
        assert one.file(source) is None
        assert not kept


class Overtaken(Bucket):
    """Another machine deletes 가.txt between a look at it and its reading."""

    def get(self, name: str, into: Path) -> bool:
        if name == "가.txt":
            self.delete(name)
        return super().get(name, into)


def test_an_upload_that_another_machine_deletes_meanwhile_is_not_there(tmp_path: Path) -> None:
    with objects() as (address, _):
        bucket = Overtaken("s3://papers/", address, "r")
        uploads = Uploads(tmp_path, bucket)
        (tmp_path / "file").write_text("내용", "utf-8")
        for name in ("가.txt", "나.txt"):
            bucket.put(name, tmp_path / "file")
        assert [*uploads.files()] == ["uploads/나.txt"]
        bucket.put("가.txt", tmp_path / "file")
        assert uploads.file("uploads/가.txt") is None
        assert not uploads.has("uploads/가.txt")


def test_a_model_is_fetched_by_who_lacks_it_and_again_when_it_was_trained_again(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "mine" / "more").mkdir(parents=True)
    there.mkdir()
    config = Config.model_validate({"index": {"encoder": "model:mine"}, "generate": {"reader": "absent"}})
    assert named_models(config) == {"mine", "absent"}
    with objects() as (address, _):
        bucket = Bucket("s3://papers/u", address, "r")
        fetch_models(bucket, config, there)
        assert [*there.iterdir()] == []
        for text in ("처음", "다음"):
            (here / "mine" / "more" / "weights").write_text(text, "utf-8")
            send_model(bucket, here / "mine")
            fetch_models(bucket, config, there)
            assert (there / "mine" / "more" / "weights").read_text("utf-8") == text
        fetch_models(bucket, config, here)  # who trained it keeps what is here
        assert not (here / "mine" / ".fetched").exists()
