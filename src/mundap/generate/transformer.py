"""A language model in this process, by transformers: a hub's name, a folder, or what `mundap train` has made."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mundap.errors import GeneratorError, MissingExtra, MundapError
from mundap.extras import Untyped, need
from mundap.generate.causal import chat_text, ends, load_causal
from mundap.generate.compose import CUT, Cut, begun_thought
from mundap.generate.language_model import LanguageModel, Left, Put, Settings, failed, from_thread
from mundap.generate.prompt import Count, Message
from mundap.generate.sampling import Sampling
from mundap.generate.structured import formed
from mundap.generate.template import spelled, stops_of, until
from mundap.types import Json

TRAINED = "model:"  # before the name of a model in the workspace
_ADAPTER, _WHOLE = "adapter", "model"  # folders of a trained model: LoRA, or all weights


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model with its tokenizer. `context` is what it holds, in tokens."""

    model: Untyped
    words: Untyped
    ends: tuple[int, ...]
    context: int

    @property
    def chats(self) -> bool:
        return bool(self.words.chat_template)

    def ids(self, text: str) -> list[int]:
        """The tokens of a text that begins a prompt, with the mark of the beginning, once."""
        start = self.words.bos_token
        ids: list[int] = self.words(text, add_special_tokens=not (start and text.startswith(start))).input_ids
        return ids[:-1] if ids and ids[-1] in self.ends else ids


class TransformersGenerator(LanguageModel):
    """Writes with the model that `base` means: TRAINED and a name in `models`, a folder, a GGUF file, or a hub's id.

    It is loaded at the first question and then kept; `bits` 4 or 8 quantises it, 0 does not. A model with a chat
    template is asked by it unless settings have a template; others continue a plain text. The context is never more than
    the model has positions. Questions are answered one at a time; a stream that is closed stops the model at its next
    token.
    """

    def __init__(self, base: str, models: Path, settings: Settings, *, bits: int = 0) -> None:
        super().__init__(settings)
        self.base = base
        self.models = models
        self.bits = bits
        self._loading = threading.Lock()
        self._writing = threading.Lock()
        self._loaded: _Model | None = None

    @property
    def name(self) -> str:
        """The model as answers name it."""
        return f"transformers:{Path(self.base).name if Path(self.base).is_absolute() else self.base}"

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Json] | None = None, max_tokens: int = 256
    ) -> str:
        """One completion; a `schema` is told in the prompt, and nothing makes the model keep to it. Raises as `stream`."""
        chat = formed("text", messages, schema)[0] if schema is not None else messages
        return "".join(self._write(chat, max_tokens))

    def load(self) -> None:
        """Load the model, if it is not there yet. Raises as `stream` does."""
        self._model()

    def _model(self) -> _Model:
        with self._loading:
            if self._loaded is None:
                self._loaded = self._started()
            return self._loaded

    def _started(self) -> _Model:
        try:
            base, adapter = self._place()
            model, words = load_causal(base, self.models, adapter=adapter, bits=self.bits)
        except MissingExtra:
            raise
        except MundapError as error:
            raise GeneratorError(str(error)) from error
        if need("torch", extra="train").cuda.is_available() and not self.bits:
            model = model.to("cuda")
        model.eval()
        positions = getattr(model.config, "max_position_embeddings", None) or self.settings.context_tokens
        return _Model(model, words, ends(model, words), min(int(positions), self.settings.context_tokens))

    def _place(self) -> tuple[str, Path | None]:
        """The base, and the adapter that belongs on it."""
        if not self.base.startswith(TRAINED):
            return self.base, None
        name = self.base.removeprefix(TRAINED)
        folder = self.models / name
        if (folder / _WHOLE).is_dir():
            return str(folder / _WHOLE), None
        try:
            kept = json.loads((folder / _ADAPTER / "adapter_config.json").read_text("utf-8"))
            return str(kept["base_model_name_or_path"]), folder / _ADAPTER
        except (OSError, ValueError, KeyError, TypeError) as error:
            known = ", ".join(sorted(p.parent.name for p in self.models.glob(f"*/{_ADAPTER}"))) or "없음"
            raise GeneratorError(
                f"학습한 언어 모델 '{name}'이(가) 없습니다({self.models}). 학습한 모델: {known}."
                f" 학습하려면: mundap train sft --data 파일 --out {name}"
            ) from error

    def _text(self, model: _Model, chat: Sequence[Message]) -> str:
        template = self.settings.template
        if template is not None or not model.chats:
            return spelled(chat, template)
        try:
            return chat_text(model.words, chat)
        except Exception as error:
            raise GeneratorError(
                f"{self.name}: 모델의 대화 템플릿(chat template)에 맞지 않는 대화입니다({error}). generate.template을 지정하세요."
            ) from error

    @contextmanager
    def _measure(self) -> Iterator[tuple[int, Count]]:
        model = self._model()
        around = len(model.ids(self._text(model, [{"role": "system", "content": ""}, {"role": "user", "content": ""}])))
        yield model.context - around, lambda text: len(model.ids(text))

    def _write(self, chat: Sequence[Message], max_tokens: int) -> Generator[str]:
        model, template, sampling = self._model(), self.settings.template, self.settings.sampling
        text = self._text(model, chat)
        ids = model.ids(text)
        room = min(max_tokens, model.context - len(ids))
        if room < 1:
            raise failed(f"{len(ids)}토큰은 모델의 최대 {model.context}토큰을 초과합니다")

        cut = False

        def work(put: Put, left: Left) -> None:
            nonlocal cut
            with self._writing:
                if not left():
                    cut = _generate(model, ids, room, sampling, put, left)

        def whole() -> Generator[str]:
            nonlocal cut
            for piece in from_thread(work, "mundap-transformers", self.settings.time_limit):
                cut = cut or isinstance(piece, Cut)
                yield piece

        asks_by_chat = template is None and model.chats
        if asks_by_chat and (thought := begun_thought(text)):
            yield thought
        yield from until(whole(), (*(() if asks_by_chat else stops_of(template)), *sampling.stop))
        if cut:
            yield CUT


def _generate(model: _Model, ids: Sequence[int], max_tokens: int, sampling: Sampling, put: Put, left: Left) -> bool:
    """Whether `max_tokens` ended it."""
    torch = need("torch", extra="train")
    transformers = need("transformers", extra="train")

    class Streamer(transformers.TextStreamer):  # type: ignore[misc, name-defined]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text:
                put(text)

    def stops(read: Untyped, scores: Untyped, **about: Untyped) -> Untyped:
        return torch.full((read.shape[0],), left(), dtype=torch.bool, device=read.device)

    draws = sampling.temperature > 0
    drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k} if draws else {}
    given = torch.tensor([list(ids)], device=model.model.device)
    settings = transformers.GenerationConfig(
        max_new_tokens=max_tokens,
        do_sample=draws,
        repetition_penalty=sampling.repeat_penalty,
        eos_token_id=list(model.ends) or None,
        pad_token_id=model.words.pad_token_id,
        **drawn,
    )
    with torch.inference_mode():
        written = model.model.generate(
            given,
            attention_mask=torch.ones_like(given),
            generation_config=settings,
            streamer=Streamer(model.words, skip_prompt=True, skip_special_tokens=True),
            stopping_criteria=[stops],
        )[0, len(ids) :].tolist()
    return len(written) == max_tokens and written[-1] not in model.ends
