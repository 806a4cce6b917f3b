"""A transformer in a folder, by PyTorch, on a GPU if there is one: the same as OnnxModel, from the weights themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import numpy as np

from mundap.encode.tokenized import Encodings, Tokenized, Tokenizer, batches, read_tokenizer
from mundap.errors import ConfigError
from mundap.extras import Untyped, need, quiet_transformers
from mundap.protocols import Vectors

_T5 = ("t5", "mt5", "umt5")  # of which only the half that reads is wanted
_NO_POOLER = ("bert", "roberta", "xlm-roberta", "camembert")


class TorchModel(Tokenized):
    """The model and the tokenizer that transformers keeps in `folder`, which reads `max_tokens` at once.

    Raises ConfigError if it cannot be loaded, MissingExtra without the packages.
    """

    def __init__(self, folder: Path, max_tokens: int) -> None:
        self._torch = need("torch", extra="train")
        transformers = quiet_transformers()
        self._folder = folder
        try:
            super().__init__(_tokenizer(transformers, folder), max_tokens)
            kind = transformers.AutoConfig.from_pretrained(folder, local_files_only=True).model_type
            loader = transformers.AutoModelForTextEncoding if kind in _T5 else transformers.AutoModel
            bare = {"add_pooling_layer": False} if kind in _NO_POOLER else {}
            model = loader.from_pretrained(folder, local_files_only=True, dtype=self._torch.float32, **bare)
        except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, ImportError) as error:
            said = (str(error).strip() or repr(error)).splitlines()[0]
            raise ConfigError(
                f"'{folder}'의 모델을 불러올 수 없습니다. config.json과 가중치(model.safetensors)가 있는지 확인하세요. ({said})"
            ) from error
        self._model = model.to("cuda" if self._torch.cuda.is_available() else "cpu").eval()
        self._pad = getattr(model.config, "pad_token_id", None) or 0
        self._lock = Lock()

    def run(self, encodings: Encodings) -> Iterator[Vectors]:
        """The states of every token, (batch, tokens, dim), for a batch of encodings at a time."""
        torch = self._torch
        for batch in batches(encodings):
            shape = (len(batch), max(1, *map(len, batch)))
            ids, mask = np.full(shape, self._pad, np.int64), np.zeros(shape, np.int64)
            for row, encoding in enumerate(batch):
                ids[row, : len(encoding)] = encoding.ids
                mask[row, : len(encoding)] = encoding.attention_mask
            feed = {"input_ids": ids, "attention_mask": mask}
            try:
                with self._lock, torch.inference_mode():
                    given = {name: torch.from_numpy(values).to(self._model.device) for name, values in feed.items()}
                    states = self._model(**given).last_hidden_state
            except (RuntimeError, IndexError, ValueError) as error:
                raise ConfigError(
                    f"'{self._folder}'의 모델을 실행하지 못했습니다. 가중치와 tokenizer.json이 같은 모델의 것인지, 메모리가"
                    f" 충분한지 확인하세요. ({error})"
                ) from error
            yield states.float().cpu().numpy()


def _tokenizer(transformers: Untyped, folder: Path) -> Tokenizer:
    """That of tokenizer.json as it stands; where there is none, as transformers makes one of the vocabulary."""
    file = folder / "tokenizer.json"
    if file.is_file():
        return read_tokenizer(file, "train")
    made: Tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True).backend_tokenizer
    return made
