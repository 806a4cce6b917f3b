"""Unsloth, where it and a GPU are there: what it is asked for. The rest of loading is in tests/slow/test_sft.py."""

from __future__ import annotations

import importlib.machinery
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from mundap.training.llm.lora import Lora, fast_causal


class Fake(ModuleType):
    """A package that notes how it is called."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__spec__ = importlib.machinery.ModuleSpec(name, None)
        self.asked: list[dict[str, Any]] = []

    def from_pretrained(self, **given: Any) -> tuple[str, None]:
        self.asked.append(given)
        return "base", None

    def get_peft_model(self, model: str, **given: Any) -> str:
        self.asked.append(given)
        return f"{model} with an adapter"


@pytest.mark.parametrize(("gpu", "bits"), [(True, 4), (True, 0), (False, 0)])
def test_unsloth_is_used_where_a_gpu_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gpu: bool, bits: int) -> None:
    torch, unsloth = Fake("torch"), Fake("unsloth")
    vars(torch)["cuda"] = SimpleNamespace(is_available=lambda: gpu)
    vars(unsloth)["FastLanguageModel"] = unsloth
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "unsloth", unsloth)
    made = fast_causal(str(tmp_path), tmp_path, bits, 512, Lora(r=16, alpha=32), seed=1)
    if not gpu:
        assert made is None
        assert unsloth.asked == []
        return
    assert made == "base with an adapter"
    loaded, adapted = unsloth.asked
    assert loaded == {"model_name": str(tmp_path), "max_seq_length": 512, "load_in_4bit": bits == 4, "dtype": None}
    assert (adapted["r"], adapted["lora_alpha"], adapted["random_state"]) == (16, 32, 1)
