"""What is read below a folder, and what lies there and cannot be: links that lead out or in circles, pipes, sockets."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mundap.errors import BadFile
from mundap.ingest.folder import walk
from mundap.ingest.readers import files_below, read
from mundap.workspace import Mundap


def names(folder: Path, follow: bool = False) -> tuple[list[str], dict[str, str]]:
    found = list(walk(folder, follow))
    read = [each.path.relative_to(folder).as_posix() for each in found if not each.reason]
    return read, {each.path.name: each.reason for each in found if each.reason}


@pytest.mark.timeout(10)
def test_pipes_sockets_and_devices_are_named_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "글.txt").write_text("글")
    os.mkfifo(tmp_path / "관.txt")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a path to a socket must be short
        server.bind("소켓.txt")
        (tmp_path / "장치.txt").symlink_to("/dev/zero")
        found, reasons = names(tmp_path, follow=True)
    assert found == ["글.txt"]
    assert {name: reason.split("아니라 ")[1].split("입니다")[0] for name, reason in reasons.items()} == {
        "관.txt": "파이프(FIFO)",
        "소켓.txt": "소켓",
        "장치.txt": "장치",
    }
    with pytest.raises(BadFile, match="파이프"):
        read(tmp_path / "관.txt")


@pytest.mark.timeout(10)
def test_links_in_a_circle_end_at_once(tmp_path: Path) -> None:
    (tmp_path / "안").mkdir()
    (tmp_path / "안" / "글.txt").write_text("글")
    (tmp_path / "안" / "위로").symlink_to(tmp_path)
    (tmp_path / "자신").symlink_to(tmp_path / "자신")
    (tmp_path / "가로").symlink_to(tmp_path / "안")
    for follow in (False, True):
        found, reasons = names(tmp_path, follow)
        assert [name for name in found if name.endswith("글.txt")] == ["가로/글.txt"]
        assert reasons == {}


def test_links_that_lead_out_are_followed_only_if_asked(tmp_path: Path) -> None:
    outside, docs = tmp_path / "밖", tmp_path / "docs"
    (outside / "더").mkdir(parents=True)
    docs.mkdir()
    (outside / "더" / "글.txt").write_text("글")
    (docs / "폴더").symlink_to(outside)
    (docs / "파일.txt").symlink_to(outside / "더" / "글.txt")
    found, reasons = names(docs)
    assert found == []
    assert reasons.keys() == {"폴더", "파일.txt"}
    assert all("follow_links" in reason for reason in reasons.values())
    assert names(docs, follow=True) == (["파일.txt", "폴더/더/글.txt"], {})


def test_a_folder_that_is_itself_a_link_is_read(tmp_path: Path) -> None:
    (tmp_path / "진짜").mkdir()
    (tmp_path / "진짜" / "글.txt").write_text("글")
    (tmp_path / "docs").symlink_to(tmp_path / "진짜")
    assert [path.name for path in files_below(tmp_path / "docs")] == ["글.txt"]


def test_an_ingest_names_what_it_left_out_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "mundap.toml").write_text('[ingest]\npaths = ["docs"]\n')
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "글.txt").write_text("연차는 열닷새다.")
    (docs / "밖.txt").symlink_to("/etc/hostname")
    os.mkfifo(docs / "관")
    done = Mundap.open(tmp_path).ingest()
    assert done.added == 1
    assert ["파이프" in s.reason or "링크" in s.reason for s in done.skipped] == [True, True]


def test_an_unknown_format_is_one_short_sentence(tmp_path: Path) -> None:
    (tmp_path / "글.dat").write_text("글")
    with pytest.raises(BadFile) as caught:
        read(tmp_path / "글.dat")
    assert len(str(caught.value)) < 100


def test_an_ingest_names_a_link_to_itself_and_reads_the_rest(tmp_path: Path) -> None:
    (tmp_path / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "여비.txt").write_text("일비는 20,000원이다.", "utf-8")
    (docs / "자신.txt").symlink_to(docs / "자신.txt")
    done = Mundap.open(tmp_path).ingest()
    assert (done.added, [one.file for one in done.skipped]) == (1, ["docs/자신.txt"])
