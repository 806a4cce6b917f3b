"""Names from clients: whatever they are, one file in one folder; and a folder in which files are whole."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mundap.errors import MundapError, RecordUnreachable
from mundap.names import LONGEST, safe_name
from mundap.workspace.uploads import MOVING, Uploads

KOREAN = "2024년 관세 규정(개정).hwp"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (KOREAN, KOREAN),
        (unicodedata.normalize("NFD", KOREAN), KOREAN),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\규정.pdf", "규정.pdf"),
        ("C:\\문서\\규정.pdf", "규정.pdf"),
        ("/etc/규정.pdf", "규정.pdf"),
        (".env", "env"),
        ("~$보고서.docx", "보고서.docx"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com¹.txt", "_com¹.txt"),
        ("규정\u202egnp.exe", "규정gnp.exe"),
        ("규\0정.txt", "규정.txt"),
        ("  규정   1.txt. ", "규정 1.txt"),
        ('가<나>:"다|라?*.txt', "가_나___다_라__.txt"),
    ],
)
def test_a_name_is_one_file_in_the_folder(given: str, kept: str) -> None:
    assert safe_name(given) == kept


@pytest.mark.parametrize("name", ["", "..", "/", "a/..", "\0", " . . ", "\u200b"])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    with pytest.raises(MundapError):
        safe_name(name)


def test_long_names_stay_apart_and_keep_their_suffix() -> None:
    names = {safe_name("규정" * 200 + f"{n}.hwpx") for n in range(3)}
    assert len(names) == 3
    assert all(name.endswith(".hwpx") and len(name.encode()) <= LONGEST for name in names)


@given(st.text(st.characters(), max_size=300))
@example("e\u0301" * 200)
@example("ᄒ\u200bᅡ.txt")
def test_whatever_it_is_called_it_stays_in_its_folder(name: str) -> None:
    try:
        kept = safe_name(name)
    except MundapError:
        return
    assert safe_name(kept) == kept == unicodedata.normalize("NFC", kept)
    assert len(kept.encode()) <= LONGEST
    assert not kept.startswith((".", "~", " "))
    assert Path(kept).name == kept
    assert kept not in ("", ".", "..")
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in kept)


def test_only_what_was_uploaded_is_deleted(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    own = tmp_path / "docs" / "규정.txt"
    own.write_text("글", "utf-8")
    uploads = Uploads(tmp_path)
    with uploads.incoming() as incoming:
        file = incoming.folder / "규정.txt"
        file.write_text("글", "utf-8")
        uploads.place(file, "규정.txt")
    for source in ("docs/규정.txt", "uploads/규정.txt", "uploads/없음.txt"):
        with uploads.leaving(source):
            pass
    assert own.exists()
    assert not (uploads.folder / "규정.txt").exists()
    assert not [*(uploads.folder / MOVING).iterdir()]


def test_what_could_not_be_deleted_is_back_in_its_place(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    uploads.folder.mkdir()
    (uploads.folder / "규정.txt").write_text("글", "utf-8")
    with suppress(OSError), uploads.leaving("uploads/규정.txt"):
        assert not (uploads.folder / "규정.txt").exists()
        raise OSError("full")
    assert (uploads.folder / "규정.txt").read_text("utf-8") == "글"
    with suppress(RecordUnreachable), uploads.leaving("uploads/규정.txt"):
        raise RecordUnreachable("whether it went, nobody can tell")
    assert not (uploads.folder / "규정.txt").exists()  # or it would come back
