"""Cross-encoders: a model reads question and passage together (Nogueira & Cho, 2019, arXiv:1901.04085)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np

from mundap.encode.layout import WINDOW, window_of
from mundap.encode.onnx import OnnxModel, Outputs
from mundap.encode.tokenized import BATCH
from mundap.errors import ConfigError
from mundap.extras import need
from mundap.retrieve.rerank import TellCut, by_text
from mundap.types import Hit


class OnnxReranker:
    """A cross-encoder in `folder`: model.onnx (or onnx/model.onnx) and tokenizer.json, by onnxruntime on the CPU.

    The score is the logit of relevance: the model's one output, or the second of two less the first.
    Only the passage is cut to fit, unless the question alone takes more than half of the window.
    """

    def __init__(self, folder: Path) -> None:
        self.name = f"onnx:{folder.name}"
        self._model = OnnxModel(folder, "logits", max_tokens=window_of(folder))
        self._tell = TellCut(self.name)

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages by falling logit. Raises ConfigError if the model is no cross-encoder."""
        return by_text(question, hits, self._score)

    def _score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        model = self._model
        (asked,) = model.tokens([question])
        spelled = model.tokens(texts)
        if any(len(asked) + len(read) > model.room(pair=True) for read in spelled):
            self._tell(model.max_tokens)
        pairs = [model.joined(asked, read) for read in spelled]
        return [score for outputs in model.run(pairs) for score in logits(outputs, self.name)]


class CrossReranker:
    """A cross-encoder by sentence-transformers, on a GPU if there is one. Needs the extra `rerank`.

    `model` is the Path of a folder, which is read offline, or the id of a model on a hub. The score is the logit, as in
    OnnxReranker; of question and passage, the longer one is cut to what the model reads, which is told once. Questions are answered one at a time.
    """

    def __init__(self, model: str | Path) -> None:
        self.name = f"cross:{Path(model).name}"
        package = need("sentence_transformers", extra="train")
        self._plain = need("torch", extra="train").nn.Identity()
        self._lock = Lock()  # transformers' tokenizers change their own settings while they work
        try:
            self._model = package.CrossEncoder(str(model), local_files_only=isinstance(model, Path))
        except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:
            raise ConfigError(
                f"sentence-transformers가 '{model}'을(를) 불러오지 못했습니다. 폴더라면 config.json과 가중치가 있는지, "
                f"허브 모델 이름이라면 이름과 네트워크 연결을 확인하세요. ({error})"
            ) from error
        self._model.max_seq_length = self._model.max_seq_length or WINDOW
        self._tell = TellCut(self.name)

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same passages by falling logit. Raises ConfigError if the model is no cross-encoder."""
        return by_text(question, hits, self._score)

    def _score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        pairs = [(question, text) for text in texts]
        with self._lock:
            self._tell_cut(pairs)
            outputs = self._model.predict(
                pairs, batch_size=BATCH, show_progress_bar=False, activation_fn=self._plain, convert_to_numpy=True
            )
        return logits(np.asarray(outputs, np.float32).reshape(len(texts), -1), self.name)

    def _tell_cut(self, pairs: Sequence[tuple[str, str]]) -> None:
        room = self._model.max_seq_length
        if any(len(question) + len(text) >= room for question, text in pairs):  # a token is a letter at least
            spelled = self._model.tokenizer(list(pairs), truncation=False, verbose=False)["input_ids"]
            if any(len(tokens) > room for tokens in spelled):
                self._tell(room)


def logits(outputs: Outputs, name: str) -> Sequence[float]:
    """(n, 1) or (n,): as they are; (n, 2): the log-odds of the second class. ConfigError for any other shape."""
    rows = outputs.reshape(len(outputs), -1)
    if outputs.ndim > 2 or rows.shape[1] not in (1, 2):
        raise ConfigError(
            f"'{name}'은(는) 리랭커가 아닙니다. 문서마다 점수가 1개나 2개여야 하는데 출력 형상이 {outputs.shape}입니다."
        )
    scores: list[float] = (rows[:, -1] - rows[:, 0] if rows.shape[1] == 2 else rows[:, 0]).tolist()
    return scores
