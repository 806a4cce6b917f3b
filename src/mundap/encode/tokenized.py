"""What models that read tokens share: a text's tokens, pairs within a limit, windows, and batches of about one size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from mundap.errors import ConfigError
from mundap.extras import Untyped, need

BATCH = 16  # texts, or pairs, read at once
BATCH_TOKENS = 16 * 512  # at most, but for a single text


class Encoding(Protocol):
    """A `tokenizers.Encoding`: the tokens of a text, or of a pair, and what was cut off as `overflowing`."""

    ids: list[int]
    attention_mask: list[int]
    special_tokens_mask: list[int]
    offsets: list[tuple[int, int]]
    overflowing: list[Encoding]

    def __len__(self) -> int: ...

    def truncate(self, max_length: int) -> None:
        """Cut off what is more, into `overflowing`."""
        ...


Encodings = Sequence[Encoding]


class Tokenizer(Protocol):
    """A `tokenizers.Tokenizer`, as far as it is used here."""

    truncation: dict[str, int] | None
    model: Untyped

    def no_truncation(self) -> None:
        """Cut nothing off."""
        ...

    def no_padding(self) -> None:
        """Fill nothing up."""
        ...

    def encode_batch(self, input: list[str], *, add_special_tokens: bool) -> list[Encoding]:
        """The tokens of each text."""
        ...

    def num_special_tokens_to_add(self, is_pair: bool, /) -> int:
        """How many a text, or a pair, is given."""
        ...

    def post_process(self, encoding: Encoding, pair: Encoding | None = None) -> Encoding:
        """With special tokens."""
        ...

    def get_vocab_size(self) -> int:
        """How many tokens there are."""
        ...

    def token_to_id(self, token: str) -> int | None:
        """The number of a token; None if there is none."""
        ...

    def to_str(self) -> str:
        """The JSON of tokenizer.json."""
        ...


class Tokenized:
    """A `tokenizers.Tokenizer`, and how many tokens its model reads at once."""

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.max_tokens = max_tokens

    def tokens(self, texts: Sequence[str]) -> Encodings:
        """Each text's tokens, uncut and without special ones."""
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)

    def room(self, pair: bool = False) -> int:
        """How many tokens fit beside the special ones."""
        return max(self.max_tokens - self._tokenizer.num_special_tokens_to_add(pair), 1)

    def joined(self, first: Encoding, second: Encoding | None = None) -> Encoding:
        """One text, or a pair, as the model reads it: with special tokens, within `max_tokens`.

        Of a pair the second is cut, and the first only where it takes more than half.
        """
        room = self.room(second is not None)
        first.truncate(max(room if second is None else min(room, self.max_tokens // 2), 1))
        if second is not None:
            second.truncate(max(room - len(first), 1))
        return self._tokenizer.post_process(first, second)

    def numbers(self, tokens: Sequence[str]) -> list[int]:
        """The numbers of those of `tokens` that there are."""
        found = map(self._tokenizer.token_to_id, tokens)
        return [number for number in found if number is not None]

    def windows(self, tokens: Encoding, window: int) -> Encodings:
        """A text's tokens in consecutive windows as the model reads them, each of at most `window` tokens."""
        room = min(window, self.max_tokens) - self._tokenizer.num_special_tokens_to_add(False)
        tokens.truncate(max(room, 1))
        return [self._tokenizer.post_process(part) for part in (tokens, *tokens.overflowing)]


def read_tokenizer(file: Path, extra: str) -> Tokenizer:
    """The `tokenizers.Tokenizer` in a tokenizer.json. Raises ConfigError, and MissingExtra without `extra`."""
    package = need("tokenizers", extra=extra)
    try:
        found: Tokenizer = package.Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ConfigError(f"'{file}'을(를) 토크나이저로 읽을 수 없습니다. 파일을 다시 받으세요. ({error})") from error
    return found


def batches(encodings: Encodings) -> Iterator[Encodings]:
    """In their order, at most BATCH at once, and BATCH_TOKENS with what the shorter are filled up with."""
    start = 0
    while start < len(encodings):
        end, widest = start, 1
        while end < len(encodings) and end - start < BATCH:
            widest = max(widest, len(encodings[end]))
            if end > start and widest * (end - start + 1) > BATCH_TOKENS:
                break
            end += 1
        yield encodings[start:end]
        start = end
