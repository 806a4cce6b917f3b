"""A transformer in a folder, by onnxruntime on the CPU: texts to tokens, tokens to what the graph gives."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.errors import ConfigError
from mundap.extras import Untyped, need

MAX_TOKENS = 512  # what BERT and its kin were trained for; longer passages are cut
BATCH = 16  # texts, or pairs, read at once

Encodings = Sequence[Untyped]  # of tokenizers.Encoding
Outputs = npt.NDArray[np.float32]


class OnnxModel:
    """A transformer and its tokenizer in a folder. `output` is the graph's output to read, or else its first one.

    A text is cut at MAX_TOKENS, or at the limit that tokenizer.json sets if that is lower. `extra` brings the packages. Raises ConfigError if a
    file is missing or cannot be read, MissingExtra without the packages.
    """

    def __init__(self, folder: Path, output: str, extra: str = "rerank") -> None:
        self._runtime = need("onnxruntime", extra=extra)
        tokenizers = need("tokenizers", extra=extra)
        graph = _file(folder, "model.onnx", "onnx/model.onnx")
        spelling = _file(folder, "tokenizer.json")
        self._folder = folder
        try:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(spelling))
        except Exception as error:  # tokenizers raises nothing narrower
            raise ConfigError(
                f"'{spelling}'을(를) 토크나이저로 읽을 수 없습니다. 파일을 다시 받으세요. ({error})"
            ) from error
        limit = self._tokenizer.truncation
        self.max_tokens = min(limit["max_length"], MAX_TOKENS) if limit else MAX_TOKENS
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        try:
            self._session = self._runtime.InferenceSession(
                str(graph), _options(self._runtime), ["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors have no common base
            raise ConfigError(
                f"'{graph}'을(를) ONNX 모델로 읽을 수 없습니다. 파일을 다시 받으세요. ({error})"
            ) from error
        self._types = {node.name: _INTEGERS.get(node.type) for node in self._session.get_inputs()}
        if not self._types.keys() <= _PARTS.keys() or None in self._types.values():
            raise ConfigError(
                f"'{graph}'의 입력 {', '.join(self._types)} 중 지원하지 않는 입력이 있습니다. 지원하는 입력: {', '.join(_PARTS)}"
            )
        outputs = [node.name for node in self._session.get_outputs()]
        self._output = output if output in outputs else outputs[0]

    def tokens(self, texts: Sequence[str]) -> Encodings:
        """Each text's tokens, uncut and without special ones."""
        encodings: Encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return encodings

    def joined(self, first: Untyped, second: Untyped = None) -> Untyped:
        """One text, or a pair, as the model reads it: with special tokens, within `max_tokens`.

        Of a pair the second is cut, and the first only where it takes more than half.
        """
        room = self.max_tokens - self._tokenizer.num_special_tokens_to_add(second is not None)
        first.truncate(max(room if second is None else min(room, self.max_tokens // 2), 1))
        if second is not None:
            second.truncate(max(room - len(first), 1))
        return self._tokenizer.post_process(first, second)

    def windows(self, tokens: Untyped, window: int) -> Encodings:
        """A text's tokens in consecutive windows as the model reads them, each of at most `window` tokens."""
        room = min(window, self.max_tokens) - self._tokenizer.num_special_tokens_to_add(False)
        tokens.truncate(max(room, 1))
        return [self._tokenizer.post_process(part) for part in (tokens, *tokens.overflowing)]

    def run(self, encodings: Encodings) -> Iterator[Outputs]:
        """The model's outputs, (batch, …), for BATCH encodings at a time; what is past an encoding's end is masked."""
        for start in range(0, len(encodings), BATCH):
            batch = encodings[start : start + BATCH]
            shape = (len(batch), max(1, *map(len, batch)))
            feed = {name: np.zeros(shape, kind) for name, kind in self._types.items()}
            for row, encoding in enumerate(batch):
                for name, values in feed.items():
                    values[row, : len(encoding)] = getattr(encoding, _PARTS[name])
            try:
                (outputs,) = self._session.run([self._output], feed)
            except Exception as error:  # onnxruntime's errors have no common base
                raise ConfigError(
                    f"'{self._folder}'의 모델을 실행하지 못했습니다. model.onnx와 tokenizer.json이 같은 모델의 것인지 "
                    f"확인하세요. ({error})"
                ) from error
            yield np.asarray(outputs, np.float32)


_PARTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
_INTEGERS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


def _file(folder: Path, *names: str) -> Path:
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise ConfigError(f"'{folder}'에 {names[0]} 파일이 없습니다. ONNX로 내보낸 모델의 폴더인지 확인하세요.")
    return found


def _options(runtime: Untyped) -> Untyped:
    options = runtime.SessionOptions()
    if hasattr(os, "sched_getaffinity"):  # on Linux: the cores that are ours, not all that the machine has
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads would starve others
    options.log_severity_level = 3
    return options
