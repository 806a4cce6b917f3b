"""csv files that are broken a little: only what is broken is lost, and it is told. All values are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from mundap.ingest.readers import read
from mundap.ingest.sheets import delimited

GOOD = ["품목: 김치 / 값: 5000", "품목: 젓갈 / 값: 3000", "품목: 된장 / 값: 2000"]
OPEN = "번째 줄에 닫히지 않은 따옴표가 있어 글자로 읽었습니다. 원본에서 따옴표를 확인하세요"
BROKEN = "번째 줄에 깨진 문자가 있어 �로 대체했습니다. 원본을 수정해 UTF-8로 다시 저장하세요"
MIXED = "품목,값\n김치,5000\n".encode() + "젓갈,3000\n".encode("cp949") + "된장,2000\n".encode()


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    ("raw", "expected", "warnings"),
    [
        (MIXED, GOOD, []),
        (b"\xef\xbb\xbf" + MIXED, GOOD, []),
        ('품목,값\n김치,5000\n젓갈,"3000\n된장,2000\n'.encode(), GOOD, [f"3{OPEN}"]),
        ('품목,값\n"김치,5000\n젓갈,3000\n"된장,2000'.encode("cp949"), GOOD, [f"2, 4{OPEN}"]),
        ('품목, 값\n "김치" , 5000 \n"젓갈", "3000" \n된장 ,2000\n'.encode(), GOOD, []),
        ("품목,값\n김치,5000\n젓갈,3000\n\n된장,2000,,\n".encode(), GOOD, []),
        ("품목;값\r김치;5000\r젓갈;3000\r된장;2000\r".encode("utf-16"), GOOD, []),
        (
            "품목,값\n김치,1\n젓갈,2\n".encode("cp949") + b"\xc8\xff,3\n" + "품0,4\n된장,5\n".encode("cp949"),
            ["품목: 김치 / 값: 1", "품목: 젓갈 / 값: 2", "품목: �� / 값: 3", "품목: 품0 / 값: 4", "품목: 된장 / 값: 5"],
            [f"4{BROKEN}"],
        ),
        (
            "품목,값\n김치,5000\n젓".encode("cp949") + b"\xff\xfe,3000\n" + "된장,2000\n".encode("cp949"),
            ["품목: 김치 / 값: 5000", "품목: 젓�� / 값: 3000", "품목: 된장 / 값: 2000"],
            [f"3{BROKEN}"],
        ),
    ],
)
def test_what_is_broken_alone_is_lost(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raw: bytes,
    expected: list[str],
    warnings: list[str],
    large: bool,
) -> None:
    if large:  # which is read a line at a time
        monkeypatch.setattr(delimited, "_LARGE", 10)
    path = tmp_path / "표.csv"
    path.write_bytes(raw)
    reading = read(path)
    text = reading.document.text
    assert [text[s.start : s.end].replace("\n", " / ") for s in reading.document.sections] == expected
    assert [*reading.warnings] == warnings
    assert reading.problems == ()


@pytest.mark.parametrize("raw", [MIXED, "품목,값\n김치,5000\n젓".encode() + b"\xff,3000\n" + "된장,2000\n".encode()])
def test_a_large_file_is_never_all_in_memory_whatever_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    monkeypatch.setattr(delimited, "_LARGE", 10)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it is read whole"))
    path = tmp_path / "표.csv"
    path.write_bytes(raw)
    assert "된장" in read(path).document.text
