"""Which checkpoints are whole, on files made here in the forms that torch and safetensors write."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mundap.training.common.checkpoints import STATE, checkpoints, last_whole, whole


def tensors(path: Path) -> None:
    header = json.dumps(
        {"__metadata__": {"format": "pt"}, "w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}
    )
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + bytes(16))


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("archive/data.pkl", bytes(range(256)) * 40)


def checkpoint(folder: Path, step: int) -> Path:
    made = folder / f"checkpoint-{step}"
    made.mkdir(parents=True)
    tensors(made / "model.safetensors")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        archive(made / name)
    (made / STATE).write_text(json.dumps({"global_step": step}), "utf-8")
    return made


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)


def test_checkpoints_come_by_their_step(tmp_path: Path) -> None:
    for step in (100, 20, 3):
        checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-x").mkdir()
    (tmp_path / "checkpoint-200").write_text("", "utf-8")
    assert [path.name for path in checkpoints(tmp_path)] == ["checkpoint-3", "checkpoint-20", "checkpoint-100"]
    assert last_whole(tmp_path) == tmp_path / "checkpoint-100"
    assert last_whole(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("file", "harm"),
    [
        (STATE, Path.unlink),
        (STATE, shorten),
        ("model.safetensors", Path.unlink),
        ("model.safetensors", shorten),
        ("optimizer.pt", Path.unlink),
        ("optimizer.pt", shorten),
        ("optimizer.pt", corrupt),
        ("scheduler.pt", shorten),
        ("rng_state.pth", Path.unlink),
        ("rng_state.pth", shorten),
    ],
)
def test_one_that_was_cut_off_is_passed_over(tmp_path: Path, file: str, harm: Callable[[Path], None]) -> None:
    before, last = checkpoint(tmp_path, 1), checkpoint(tmp_path, 2)
    assert whole(last)
    harm(last / file)
    assert not whole(last)
    assert last_whole(tmp_path) == before


def test_a_file_that_promises_more_than_it_has_is_not_whole(tmp_path: Path) -> None:
    made = checkpoint(tmp_path, 1)
    (made / "model.safetensors").write_bytes((1 << 40).to_bytes(8, "little"))
    assert not whole(made)
