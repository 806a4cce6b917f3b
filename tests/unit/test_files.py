"""Hashes that know where their parts end, and writes that are whole or not there."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.files import digest, load_array, write_atomically, written_once

PARTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=4)


def test_threads_that_write_a_file_at_once_each_write_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "설정.toml"
    texts = [f"{n}" * 20_000 for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            list(pool.map(lambda text: write_atomically(path, text), texts))
            assert path.read_text("utf-8") in texts
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


@given(PARTS, PARTS)
def test_a_digest_depends_on_every_part_and_on_where_each_ends(left: list[str], right: list[str]) -> None:
    assert (digest(*left) == digest(*right)) == (left == right)


def test_a_digest_is_the_same_on_every_day_and_has_two_letters_a_byte() -> None:
    assert digest("관세청", "1") == digest("관세청".encode(), b"1")
    assert digest("ab", "c") != digest("a", "bc")
    assert (len(digest("a")), len(digest("a", size=16))) == (2 * 8, 2 * 16)


def test_a_write_replaces_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "CURRENT"
    for text in ("하나", "둘"):
        write_atomically(path, text)
        assert path.read_text("utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "CURRENT"
    write_atomically(path, "옛것")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\udcff")
    assert path.read_text("utf-8") == "옛것"


def test_threads_that_read_at_once_all_read_the_array(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6).reshape(2, 3))

    def read(_: int) -> list[list[int]]:
        made: list[list[int]] = [load_array(tmp_path / "a.npy").tolist() for _ in range(200)][-1]
        return made

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(read, range(16))) == [[[0, 1, 2], [3, 4, 5]]] * 16
    finally:
        sys.setswitchinterval(before)


def test_a_folder_is_filled_once_and_what_a_kill_left_of_it_is_thrown_away(tmp_path: Path) -> None:
    folder, times = tmp_path / "base" / "이름", []

    def write(aside: Path) -> None:
        times.append(1)
        (aside / "half").write_text("")
        if len(times) == 1:
            raise KeyboardInterrupt
        assert [path.name for path in aside.iterdir()] == ["half"]

    with pytest.raises(KeyboardInterrupt):
        written_once(folder, write)
    assert not folder.exists()
    assert written_once(folder, write) == written_once(folder, write) == folder
    assert len(times) == 2


def test_what_a_kill_left_beside_a_file_is_gone_after_a_while(tmp_path: Path) -> None:
    old, new, lock = (tmp_path / name for name in (".값.json.1234", ".값.json.1235", ".값.json.lock"))
    for file in (old, new, lock):
        file.write_text("반쯤", "utf-8")
    for file in (old, lock):
        os.utime(file, (time.time() - 7200,) * 2)
    write_atomically(tmp_path / "값.json", "온전히")
    assert sorted(tmp_path.iterdir()) == sorted([new, lock, tmp_path / "값.json"])
