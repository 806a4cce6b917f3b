"""An encoder in this process: llama.cpp over a GGUF file, through the package xllamacpp."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import httpx
import numpy as np

from mundap.encode.gguf_header import values
from mundap.encode.options import Options
from mundap.encode.places import content
from mundap.encode.pooling import pooling_named
from mundap.encode.prompts import NONE, Prompts, chosen
from mundap.encode.windows import Tell, average, halves
from mundap.errors import ConfigError
from mundap.extras import Untyped, need
from mundap.files import digest
from mundap.protocols import Vectors

WINDOW = 4096  # tokens at most: what a model was trained for may be more than memory holds
AT_ONCE = 32  # texts
_KINDS = {1: "mean", 2: "cls", 3: "lasttoken"}  # llama.cpp's poolings, as a GGUF numbers them
_ENUM = {
    "mean": "LLAMA_POOLING_TYPE_MEAN",
    "cls": "LLAMA_POOLING_TYPE_CLS",
    "lasttoken": "LLAMA_POOLING_TYPE_LAST",
}


@dataclass(frozen=True)
class Header:
    """What the file says: how many tokens the model reads at once, and how it pools them, "" where it does not say."""

    title: str
    window: int
    pooling: str


class GGUFEncoder:
    """Vectors of the model in the file `path`, which is loaded at the first text and then kept.

    `pooling` is "mean", "cls" or "lasttoken". A text of more than `window` tokens is read in halves, whose vectors are
    averaged by their lengths. Texts are read one after the other.
    """

    def __init__(self, name: str, path: Path, prompts: Prompts, pooling: str, window: int) -> None:
        self.name = name
        self.path = path
        self.prompts = prompts
        self.pooling = pooling
        self.window = window
        self._key = secrets.token_urlsafe()
        self._tell = Tell(f"gguf:{path.name}")
        self._lock = Lock()
        self._reading = Lock()

    @cached_property
    def dim(self) -> int:
        """Of a vector, which a first one tells. Raises ConfigError for a file that cannot be loaded, and MissingExtra."""
        return int(self._asked(["문답"]).shape[1])

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(texts, self.prompts.query)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dim), unit rows."""
        return self._encode(texts, self.prompts.passage)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text is, without those that are added to every text."""
        with self._door() as client:
            return [self._count(client, _plain(text), marks=False) for text in texts]

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        if not len(texts):
            return np.zeros((0, self.dim), np.float32)
        with self._door() as client:
            read = [(n, piece) for n, text in enumerate(texts) for piece in self._pieces(client, prompt, _plain(text))]
        found = [self._asked([prompt + p for _, p in read[at : at + AT_ONCE]]) for at in range(0, len(read), AT_ONCE)]
        rows, lengths = [row for row, _ in read], [len(piece.encode()) or 1 for _, piece in read]
        return average(rows, np.concatenate(found), lengths, len(texts))

    def _pieces(self, client: httpx.Client, prompt: str, text: str) -> list[str]:
        """`text`, or its halves, and theirs, until each fits behind the prompt."""
        whole = prompt + text
        if len(whole.encode()) + 8 <= self.window or self._count(client, whole, marks=True) <= self.window:
            return [text]  # a token is a byte at least
        parts = halves(text)
        if len(parts) < 2:
            raise ConfigError(f"임베딩 '{self.path.name}'의 컨텍스트({self.window}토큰)가 프롬프트보다 짧습니다.")
        self._tell(f"토큰 {self.window}개")
        return [piece for part in parts for piece in self._pieces(client, prompt, part)]

    def _asked(self, texts: Sequence[str]) -> Vectors:
        with self._reading:
            try:
                answer = self._server.handle_embeddings({"input": list(texts)})
                if "data" not in answer:
                    raise ValueError(answer.get("message", answer))
                given = sorted(answer["data"], key=lambda one: int(one["index"]))
                vectors = np.asarray([one["embedding"] for one in given], np.float32)
                if len(vectors) != len(texts) or vectors.ndim != 2:
                    raise ValueError(f"{vectors.shape}")
            except (RuntimeError, KeyError, TypeError, ValueError) as error:
                raise ConfigError(
                    f"llama.cpp가 '{self.path.name}'(으)로 임베딩을 계산하지 못했습니다. 임베딩 모델인지 확인하세요. ({error})"
                ) from error
        return vectors

    def _door(self) -> httpx.Client:
        """The package gives Python no tokenizer, but its server has one, on a port of this machine."""
        headers = {"Authorization": f"Bearer {self._key}"}
        return httpx.Client(base_url=self._server.listening_address, headers=headers, timeout=60, trust_env=False)

    def _count(self, client: httpx.Client, text: str, marks: bool) -> int:
        try:
            answer = client.post("/tokenize", json={"content": text, "add_special": marks}).raise_for_status()
            return len(answer.json()["tokens"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise ConfigError(f"llama.cpp가 텍스트를 토큰화하지 못했습니다. 다시 실행하세요. ({error})") from error

    @property
    def _server(self) -> Untyped:
        with self._lock:
            return self._started

    @cached_property
    def _started(self) -> Untyped:
        package = need("xllamacpp", extra="llm")
        params = package.CommonParams()
        params.model.path = str(self.path)
        params.embedding = True
        params.pooling_type = getattr(package.llama_pooling_type, _ENUM[self.pooling])
        params.n_ctx = params.n_batch = params.n_ubatch = self.window  # a text is read in one piece
        params.n_parallel = 1
        params.warmup = False
        params.verbosity = -1
        params.ui = False
        params.api_keys = [self._key]
        if hasattr(os, "sched_getaffinity"):
            params.cpuparams.n_threads = params.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
        try:
            return package.Server(params)
        except (RuntimeError, MemoryError, ValueError) as error:
            raise ConfigError(
                f"llama.cpp가 '{self.path}'을(를) 불러오지 못했습니다. 파일이 온전한지, 메모리가 충분한지, "
                f"xllamacpp {package.__version__}이(가) 이 모델을 지원하는지 확인하세요. ({error})"
            ) from error


def _plain(text: str) -> str:
    """Without what llama.cpp cannot take: NUL, halves of pairs, and nothing at all."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ") or " "


def read_header(path: Path) -> Header:
    """What the file says before its tensors. Raises ConfigError for what is no GGUF."""
    try:
        found = values(path)
    except (ValueError, OSError) as error:
        raise ConfigError(
            f"'{path}'은(는) 읽을 수 있는 GGUF 파일이 아닙니다. 파일을 다시 다운로드하세요. ({error})"
        ) from error
    kind = found.get("general.architecture")
    window, pooling = found.get(f"{kind}.context_length"), found.get(f"{kind}.pooling_type")
    return Header(
        str(found.get("general.name") or ""),
        min(int(window), WINDOW) if isinstance(window, int) else WINDOW,
        _KINDS.get(pooling, "") if isinstance(pooling, int) else "",
    )


def open_gguf(place: str, folder: Path, options: Options) -> GGUFEncoder:
    """The encoder of a file. One that does not say how it pools takes the mean. Raises ConfigError."""
    path = folder / Path(place).expanduser()
    if not path.is_file():
        raise ConfigError(f"임베딩 모델 파일 '{path}'이(가) 없습니다. GGUF 파일의 경로를 확인하세요.")
    header = read_header(path)
    pooling = pooling_named(options.pooling) if options.pooling else header.pooling or "mean"
    if pooling not in _ENUM:
        raise ConfigError(f"llama.cpp는 pooling '{pooling}'을(를) 지원하지 않습니다. 지원하는 값: {', '.join(_ENUM)}")
    prompts = chosen(options, NONE, path.name, header.title)
    how = digest(content(path), prompts.query, prompts.passage, pooling, str(header.window))
    return GGUFEncoder(f"gguf-{path.stem}-{how}", path, prompts, pooling, header.window)
