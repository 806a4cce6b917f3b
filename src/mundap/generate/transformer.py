"""A language model in this process, by transformers: a hub's name, a folder, or what `mundap train` has made."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from time import perf_counter
from typing import Any

from mundap.errors import GeneratorError, MissingExtra, MundapError
from mundap.extras import need
from mundap.generate.causal import chat_text, ends, load_causal
from mundap.generate.compose import compose, last
from mundap.generate.persona import Persona, refusal_of
from mundap.generate.prompt import Message, fit, messages
from mundap.generate.sampling import Sampling
from mundap.generate.structured import formed
from mundap.generate.template import Template, spelled, stops_of, until
from mundap.stopping import on_stop
from mundap.types import Answer, Hit, Turn

TRAINED = "model:"  # before the name of a model in the workspace
_ADAPTER, _WHOLE = "adapter", "model"  # folders of a trained model: LoRA, or all weights


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded model with its tokenizer. `context` is what it holds, in tokens."""

    model: Any
    words: Any
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


class TransformersGenerator:
    """Writes with the model that `base` means: TRAINED and a name in `models`, a folder, a GGUF file, or a hub's id.

    It is loaded at the first question and then kept; `bits` 4 or 8 quantises it, 0 does not. A model with a chat
    template is asked by it unless a `template` is given; others continue a plain text. `context_tokens` holds prompt
    and answer, and is never more than the model has positions. Questions are answered one at a time.
    With `reason` it thinks before it answers, within `max_tokens`; the thought is not part of the answer.
    With `reorder` the best passages stand first and last in the prompt.
    """

    def __init__(
        self,
        base: str,
        models: Path,
        *,
        refusal: str,
        bits: int = 0,
        template: Template | None = None,
        context_tokens: int = 4096,
        max_tokens: int = 512,
        sampling: Sampling = Sampling(),
        reason: bool = False,
        reorder: bool = False,
    ) -> None:
        self.base = base
        self.models = models
        self.refusal = refusal
        self.bits = bits
        self.template = template
        self.context_tokens = context_tokens
        self.max_tokens = max_tokens
        self.sampling = sampling
        self.reason = reason
        self.reorder = reorder
        self._loading = threading.Lock()
        self._writing = threading.Lock()
        self._loaded: _Model | None = None

    @property
    def name(self) -> str:
        """The model as answers name it."""
        return f"transformers:{Path(self.base).name if Path(self.base).is_absolute() else self.base}"

    def stream(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Iterator[str | Answer]:
        """Yields pieces of text, then the Answer; closing it stops the model at its next token.

        Without hits the answer is the refusal, and the model is not asked.
        Raises GeneratorError when the model cannot be loaded or fails, MissingExtra without the packages.
        """
        started = perf_counter()
        shown: Sequence[Hit] = ()
        refusal = refusal_of(persona, self.refusal)
        pieces: Generator[str] = (piece for piece in [refusal])
        if hits:
            model = self._model()
            around = len(model.ids(self._text(model, [{"role": "system", "content": ""}, _user("")])))
            room = model.context - self.max_tokens - around
            shown, turns = fit(
                hits, question, history, room, lambda text: len(model.ids(text)), refusal, self.reason, persona
            )
            chat = messages(question, shown, turns, refusal, self.reason, self.reorder, persona)
            pieces = self._written(model, chat, self.max_tokens)
        yield from compose(question, hits, len(shown), pieces, refusal=refusal, model=self.name, started=started)

    def answer(
        self, question: str, hits: Sequence[Hit], history: Sequence[Turn] = (), persona: Persona | None = None
    ) -> Answer:
        """The Answer that `stream` ends with."""
        return last(self.stream(question, hits, history, persona))

    def complete(
        self, messages: Sequence[Message], schema: Mapping[str, Any] | None = None, max_tokens: int = 256
    ) -> str:
        """One completion; a `schema` is told in the prompt, and nothing makes the model keep to it. Raises as `stream`."""
        chat = formed("text", messages, schema)[0] if schema is not None else messages
        return "".join(self._written(self._model(), chat, max_tokens))

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
        positions = getattr(model.config, "max_position_embeddings", None) or self.context_tokens
        return _Model(model, words, ends(model, words), min(int(positions), self.context_tokens))

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
                f"학습한 언어 모델 '{name}'이(가) 없습니다({self.models}). 있는 것: {known}."
                f" 만들기: mundap train sft --data 파일 --out {name}"
            ) from error

    def _text(self, model: _Model, chat: Sequence[Message]) -> str:
        if self.template is not None or not model.chats:
            return spelled(chat, self.template)
        try:
            return chat_text(model.words, chat)
        except Exception as error:
            raise GeneratorError(
                f"{self.name}: 모델의 대화 틀(chat template)에 맞지 않는 대화입니다({error}). generate.template을 주세요."
            ) from error

    def _written(self, model: _Model, chat: Sequence[Message], max_tokens: int) -> Generator[str]:
        text = self._text(model, chat)
        ids = model.ids(text)
        room = min(max_tokens, model.context - len(ids))
        if room < 1:
            raise _failed(f"{len(ids)}토큰은 모델이 읽을 수 있는 {model.context}토큰을 넘습니다")
        own = () if self.template is None and model.chats else stops_of(self.template)
        yield from until(self._streamed(model, ids, room), (*own, *self.sampling.stop))

    def _streamed(self, model: _Model, ids: Sequence[int], max_tokens: int) -> Generator[str]:
        """The pieces that the model writes, from a thread of its own; closing this makes it stop."""
        arrived: SimpleQueue[str | GeneratorError | None] = SimpleQueue()
        stopped = threading.Event()

        def work() -> None:
            try:
                with self._writing:
                    if not stopped.is_set():
                        _generate(model, ids, max_tokens, self.sampling, arrived.put, stopped)
            except Exception as error:  # whatever it is, the reader of the queue must hear of it
                arrived.put(_failed(error))
            finally:
                arrived.put(None)

        threading.Thread(target=work, name="mundap-transformers").start()
        try:
            with on_stop(lambda: arrived.put(None)):
                while (piece := arrived.get()) is not None:
                    if isinstance(piece, GeneratorError):
                        raise piece
                    yield piece
        finally:
            stopped.set()


def _generate(
    model: _Model, ids: Sequence[int], max_tokens: int, sampling: Sampling, put: Any, stopped: threading.Event
) -> None:
    torch = need("torch", extra="train")
    transformers = need("transformers", extra="train")

    class Streamer(transformers.TextStreamer):  # type: ignore[misc, name-defined]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            if text:
                put(text)

    def stops(read: Any, scores: Any, **about: Any) -> Any:
        left = stopped.is_set() or not threading.main_thread().is_alive()
        return torch.full((read.shape[0],), left, dtype=torch.bool, device=read.device)

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
        model.model.generate(
            given,
            attention_mask=torch.ones_like(given),
            generation_config=settings,
            streamer=Streamer(model.words, skip_prompt=True, skip_special_tokens=True),
            stopping_criteria=[stops],
        )


def _user(text: str) -> Message:
    return {"role": "user", "content": text}


def _failed(detail: object) -> GeneratorError:
    return GeneratorError(f"모델이 답을 쓰지 못했습니다. context_tokens와 남은 메모리를 확인하세요. ({detail})")
