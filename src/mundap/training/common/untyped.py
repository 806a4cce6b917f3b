"""Names for what is of torch and transformers. They are asked for late, so that a type checker cannot know their types."""

from __future__ import annotations

from typing import Any, TypeAlias

Tensor: TypeAlias = Any
Model: TypeAlias = Any  # torch.nn.Module
Tokenizer: TypeAlias = Any  # transformers.PreTrainedTokenizerFast, or the tokenizers.Tokenizer within
Spelled: TypeAlias = Any  # tokenizers.Encoding
Optimizer: TypeAlias = Any
Device: TypeAlias = Any
