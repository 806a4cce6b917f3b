"""winmail.dat: the names of what Outlook packed, from the title of old and the properties of today, however it is cut."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from mundap.ingest.mail.tnef import SIGNATURE, Packed, unpacked

TITLE, DATA, BEGIN, PROPERTIES = 0x8010, 0x800F, 0x9002, 0x9005
LONG_NAME, DISPLAY_NAME = 0x3707, 0x3001
NUMBER, LETTERS, WIDE = 0x03, 0x1E, 0x1F


def attribute(kind: int, content: bytes) -> bytes:
    return b"\x02" + struct.pack("<HHI", kind, 6, len(content)) + content + struct.pack("<H", sum(content) % 65536)


def packed(*attributes: bytes) -> bytes:
    return SIGNATURE + b"\x01\x00" + b"".join(attributes)


def fitted(content: bytes) -> bytes:
    return content + b"\0" * (-len(content) % 4)


def text(number: int, said: str, wide: bool = True, named: bytes = b"") -> bytes:
    content = f"{said}\0".encode("utf-16-le" if wide else "cp949")
    return (
        struct.pack("<HH", WIDE if wide else LETTERS, number)
        + named
        + struct.pack("<II", 1, len(content))
        + fitted(content)
    )


def integer(number: int, value: int, named: bytes = b"") -> bytes:
    return struct.pack("<HH", NUMBER, number) + named + struct.pack("<I", value)


def properties(*each: bytes) -> bytes:
    return attribute(PROPERTIES, struct.pack("<I", len(each)) + b"".join(each))


def file(content: bytes, *about: bytes) -> bytes:
    return attribute(BEGIN, b"\0" * 14) + attribute(DATA, content) + b"".join(about)


def names(raw: bytes) -> list[str]:
    return [one.name for one in unpacked(raw)]


SHORT = attribute(TITLE, b"YEOBI~1.TXT\0")


def test_the_long_name_is_that_of_the_file_and_the_short_one_where_there_is_none() -> None:
    long = properties(integer(0x0E21, 1), text(DISPLAY_NAME, "표시"), text(LONG_NAME, "2026년 여비 기준.txt"))
    assert unpacked(packed(file(b"a", SHORT, long), file(b"b", SHORT), file(b"c"))) == [
        Packed("2026년 여비 기준.txt", b"a"),
        Packed("YEOBI~1.TXT", b"b"),
        Packed("첨부", b"c"),
    ]


def test_a_name_of_any_letters_is_read() -> None:
    for wide in (True, False):
        assert names(packed(file(b"a", properties(text(LONG_NAME, "여비 기준.txt", wide))))) == ["여비 기준.txt"]
    assert names(packed(file(b"a", attribute(TITLE, "여비.txt\0".encode("cp949"))))) == ["여비.txt"]
    assert names(packed(file(b"a", properties(text(DISPLAY_NAME, "여비.txt"))))) == ["여비.txt"]


def test_properties_that_have_names_instead_of_numbers_are_passed_over() -> None:
    set_of = b"\x20\x06\x02\x00" + b"\0" * 12
    word = "Keywords\0".encode("utf-16-le")
    by_number = set_of + struct.pack("<II", 0, 0x8233)
    by_name = set_of + struct.pack("<II", 1, len(word)) + fitted(word)
    about = properties(
        integer(0x8001, 7, by_number), text(0x8002, "업무", named=by_name), text(LONG_NAME, "여비 기준.txt")
    )
    assert names(packed(file(b"a", SHORT, about))) == ["여비 기준.txt"]


def test_text_alone_holds_no_file() -> None:
    assert unpacked(packed(attribute(TITLE, b"x\0"), attribute(DATA, b"x"))) == []
    assert unpacked(packed(attribute(BEGIN, b"\0" * 14))) == []


@given(st.integers(0, 400), st.binary(max_size=12))
def test_what_is_cut_or_overwritten_gives_the_files_that_are_whole(at: int, noise: bytes) -> None:
    long = properties(integer(0x0E21, 1), text(LONG_NAME, "여비 기준.txt"))
    raw = packed(file(b"content", SHORT, long))
    whole = [Packed("여비 기준.txt", b"content"), Packed("YEOBI~1.TXT", b"content"), Packed("첨부", b"content")]
    assert all(one in whole for one in unpacked(raw[:at]))
    unpacked(raw[:at] + noise + raw[at + len(noise) :])
