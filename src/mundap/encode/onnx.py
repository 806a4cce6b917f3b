"""A transformer in a folder, by onnxruntime on the CPU: texts to tokens, tokens to what the graph gives."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mundap.encode.tokenized import Encodings, Tokenized, batches, read_tokenizer
from mundap.errors import ConfigError
from mundap.extras import Untyped, need

MAX_TOKENS = 512  # what BERT and its kin were trained for; longer passages are cut
GRAPHS = ("model.onnx", "onnx/model.onnx")

Outputs = npt.NDArray[np.float32]


class OnnxModel(Tokenized):
    """A transformer and its tokenizer in a folder. `output` is what to read of the graph: the first of these outputs that it
    has, or else its own first one. `graph` is its file, or else one of GRAPHS.

    At most `max_tokens` are read at once, or as many as tokenizer.json allows if that is fewer. `extra` brings the
    packages. Raises ConfigError if a file is missing or cannot be read, MissingExtra without the packages.
    """

    def __init__(
        self,
        folder: Path,
        output: str | Sequence[str],
        extra: str = "rerank",
        *,
        graph: str = "",
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        self._runtime = need("onnxruntime", extra=extra)
        need("tokenizers", extra=extra)
        file = _file(folder, graph) if graph else _file(folder, *GRAPHS)
        spelling = _file(folder, "tokenizer.json")
        self._folder = folder
        tokenizer = read_tokenizer(spelling, extra)
        limit = tokenizer.truncation
        super().__init__(tokenizer, min(limit["max_length"], max_tokens) if limit else max_tokens)
        try:
            self._session = self._runtime.InferenceSession(str(file), _options(self._runtime), ["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common base
            raise ConfigError(
                f"'{file}'을(를) ONNX 모델로 읽을 수 없습니다. 파일을 다시 받으세요. ({error})"
            ) from error
        self._types = {node.name: _INTEGERS.get(node.type) for node in self._session.get_inputs()}
        if not self._types.keys() <= _PARTS.keys() or None in self._types.values():
            raise ConfigError(
                f"'{file}'의 입력 {', '.join(self._types)} 중 지원하지 않는 입력이 있습니다. 지원하는 입력: {', '.join(_PARTS)}"
            )
        self.outputs: list[str] = [node.name for node in self._session.get_outputs()]
        wanted = (output,) if isinstance(output, str) else output
        self.output = next((name for name in wanted if name in self.outputs), self.outputs[0])

    @property
    def width(self) -> int:
        """The last dimension of the output, 0 where the graph leaves it open."""
        last = next(node.shape[-1] for node in self._session.get_outputs() if node.name == self.output)
        return last if isinstance(last, int) else 0

    def run(self, encodings: Encodings) -> Iterator[Outputs]:
        """What the model gives, (batch, …), for a batch of encodings at a time; what is past an encoding's end is masked."""
        for (found,) in self.run_for((self.output,), encodings):
            yield found

    def run_for(self, outputs: Sequence[str], encodings: Encodings) -> Iterator[list[Outputs]]:
        """Each of these outputs, as `run` gives one."""
        for batch in batches(encodings):
            shape = (len(batch), max(1, *map(len, batch)))
            feed = {name: np.zeros(shape, kind) for name, kind in self._types.items()}
            for row, encoding in enumerate(batch):
                for name, values in feed.items():
                    part = _PARTS[name]
                    values[row, : len(encoding)] = getattr(encoding, part) if part else range(len(encoding))
            try:
                found = self._session.run([*outputs], feed)
            except Exception as error:  # onnxruntime's errors have no common base
                raise ConfigError(
                    f"'{self._folder}'의 모델을 실행하지 못했습니다. model.onnx와 tokenizer.json이 같은 모델의 것인지 "
                    f"확인하세요. ({error})"
                ) from error
            yield [np.asarray(one, np.float32) for one in found]


# What a graph calls its inputs, and the field of tokenizers.Encoding that each is; "" is a token's place.
_PARTS = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids", "position_ids": ""}
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
