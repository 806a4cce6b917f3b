"""Names for values of packages that are imported late: a type checker knows nothing of them where they are not installed."""

from __future__ import annotations

from typing import Any, TypeAlias

Tensor: TypeAlias = Any  # torch.Tensor
Module: TypeAlias = Any  # torch.nn.Module, mostly a model of transformers
Device: TypeAlias = Any  # torch.device
Tokenizer: TypeAlias = Any  # tokenizers.Tokenizer
Spelled: TypeAlias = Any  # tokenizers.Encoding
