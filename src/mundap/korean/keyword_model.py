"""Keywords by a model that `mundap train keywords` made and `mundap export onnx` exported: no torch, no transformers."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import ConfigError
from mundap.extras import Untyped, need
from mundap.korean.beams import Ids, beam_search
from mundap.korean.normalize import normalize, squash

FOLDER, ENCODER, DECODER, SPELLING = "onnx", "encoder.onnx", "decoder.onnx", "tokenizer.json"
WRITING = "writing.json"
_COMMA = re.compile("[,，、]")


@dataclass(frozen=True)
class Writing:
    """How a model reads and writes: the numbers of its marks, the most tokens in and out, and how many beams."""

    start: int
    end: int
    most_in: int
    most_out: int
    beams: int

    def save(self, folder: Path) -> None:
        """Write it into `folder`."""
        (folder / WRITING).write_text(json.dumps(asdict(self)), "utf-8")

    @staticmethod
    def read(folder: Path) -> Writing:
        """What `save` wrote. Raises ConfigError if it is not there or is not whole."""
        try:
            return Writing(**json.loads((folder / WRITING).read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"'{folder}'은(는) mundap train keywords로 만든 모델이 아닙니다. ({error})") from error


class Spelling:
    """Texts into tokens and back, in training and in use alike. `tokenizer` is a `tokenizers.Tokenizer`."""

    def __init__(self, tokenizer: Untyped, end: int, most: int) -> None:
        self._tokenizer = tokenizer
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._end = end
        self._most = most

    def encode(self, text: str) -> list[int]:
        """At most `most` tokens, the last of them `end`, with whatever marks the tokenizer adds."""
        ids: list[int] = self._tokenizer.encode(normalize(text)).ids
        return [*ids[: self._most - 1], self._end] if ids[-1:] != [self._end] or len(ids) > self._most else ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text in normal form, without marks."""
        return normalize(self._tokenizer.decode(list(ids), skip_special_tokens=True)).strip()


def joined(words: Sequence[str]) -> str:
    """Keywords as a model writes them."""
    return ", ".join(words)


def parted(text: str) -> list[str]:
    """The distinct keywords that a model has written, in order."""
    first: dict[str, str] = {}
    for word in (part.strip() for part in _COMMA.split(text)):
        if word:
            first.setdefault(squash(word), word)
    return list(first.values())


class KeywordModel:
    """Writes the keywords of a question. Needs the extra `keywords`.

    `folder` is that of a trained model with its ONNX files. Raises ConfigError, which says how to export them, if they
    are not there, and MissingExtra without the packages.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"model:{folder.name}"
        if not folder.is_dir():
            raise ConfigError(
                f"'{folder.name}': 없는 키워드 모델입니다. 먼저 실행하세요: mundap train keywords --data train.tsv --out {folder.name}"
            )
        self._writing = Writing.read(folder)
        graphs = [folder / FOLDER / name for name in (ENCODER, DECODER)]
        if not all(graph.is_file() for graph in graphs):
            raise ConfigError(
                f"모델 '{folder.name}'을(를) 아직 내보내지 않았습니다. 먼저 실행하세요: mundap export onnx {folder.name}"
            )
        runtime = need("onnxruntime", extra="keywords")
        tokenizers = need("tokenizers", extra="keywords")
        try:
            words = tokenizers.Tokenizer.from_file(str(folder / SPELLING))
            self._encoder, self._decoder = (_session(runtime, graph) for graph in graphs)
        except Exception as error:  # neither package raises anything narrower
            raise ConfigError(
                f"'{folder}'의 모델을 읽을 수 없습니다. 다시 내보내세요: mundap export onnx {folder.name} ({error})"
            ) from error
        self._spelling = Spelling(words, self._writing.end, self._writing.most_in)

    def extract(self, texts: Sequence[str]) -> list[list[str]]:
        """The distinct keywords of each text, in the order in which they are written; none of a blank text."""
        return [parted(self.write(text)) if text.strip() else [] for text in texts]

    def write(self, text: str) -> str:
        """What the model writes for this text."""
        writing = self._writing
        read = np.asarray([self._spelling.encode(text)], np.int64)
        seen = np.ones_like(read)
        (states,) = self._encoder.run(None, {"input_ids": read, "attention_mask": seen})

        def next_logits(sequences: Ids) -> npt.NDArray[np.float32]:
            rows = len(sequences)
            feed = {
                "input_ids": sequences,
                "encoder_hidden_states": np.repeat(states, rows, axis=0),
                "encoder_attention_mask": np.repeat(seen, rows, axis=0),
            }
            (logits,) = self._decoder.run(None, feed)
            return np.asarray(logits, np.float32)

        ids = beam_search(next_logits, writing.start, writing.end, writing.beams, writing.most_out)
        return self._spelling.decode(ids)


def _session(runtime: Untyped, graph: Path) -> Untyped:
    options = runtime.SessionOptions()
    if hasattr(os, "sched_getaffinity"):  # on Linux: the cores that are ours, not all that the machine has
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads would starve others
    options.log_severity_level = 3
    return runtime.InferenceSession(str(graph), options, ["CPUExecutionProvider"])
