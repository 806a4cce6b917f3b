"""Export a trained keyword model as ONNX: an encoder and a decoder that gives the logits of the next token."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

from mundap.errors import ConfigError
from mundap.extras import need, quiet_transformers
from mundap.files import sync_folder
from mundap.korean.keyword_model import DECODER, ENCODER, FOLDER, Writing
from mundap.training.common.onnx_graph import export_part
from mundap.training.common.untyped import Model, Tensor


def export_keywords(folder: Path) -> Path:
    """Write the ONNX files of the model in `folder` into a folder of their own beside it, whole or not at all.

    The decoder reads the whole beginning each time: keywords are short, and one graph without a memory is simpler than
    two. Raises ConfigError if `folder` has no such model.
    """
    torch = need("torch", extra="train")
    transformers = quiet_transformers()
    need("onnxscript", extra="train")
    Writing.read(folder)
    try:
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            folder, local_files_only=True, attn_implementation="eager", dtype=torch.float32
        ).eval()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ConfigError(f"'{folder}'의 모델을 읽을 수 없습니다. 다시 학습하세요. ({error})") from error
    aside = folder / f".{FOLDER}"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    ids = torch.tensor([[5, 6, 7], [8, 9, 2]])
    seen = torch.tensor([[1, 1, 1], [1, 1, 0]])
    states = torch.zeros(2, 3, model.config.d_model)
    most = model.config.max_position_embeddings
    batch, read, written = (
        torch.export.Dim("batch", min=1, max=4096),
        torch.export.Dim("read", min=2, max=most),
        torch.export.Dim("written", min=1, max=most),
    )
    encoder, decoder = _parts(torch, model)
    export_part(
        torch, encoder, aside / ENCODER, {"input_ids": ids, "attention_mask": seen}, "states",
        {"input_ids": {0: batch, 1: read}, "attention_mask": {0: batch, 1: read}},
    )  # fmt: skip
    export_part(
        torch, decoder, aside / DECODER,
        {"input_ids": ids[:, :2], "encoder_hidden_states": states, "encoder_attention_mask": seen}, "logits",
        {
            "input_ids": {0: batch, 1: written},
            "encoder_hidden_states": {0: batch, 1: read},
            "encoder_attention_mask": {0: batch, 1: read},
        },
    )  # fmt: skip
    whole = folder / FOLDER
    shutil.rmtree(whole, ignore_errors=True)
    aside.rename(whole)
    sync_folder(folder)
    return whole


def _parts(torch: ModuleType, model: Model) -> tuple[Model, Model]:
    class Encoder(torch.nn.Module):  # type: ignore[misc, name-defined]
        """(batch, read) tokens into (batch, read, width) states."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = model.get_encoder()

        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
            return self.encoder(input_ids=input_ids, attention_mask=attention_mask, return_dict=True).last_hidden_state

    class Decoder(torch.nn.Module):  # type: ignore[misc, name-defined]
        """(batch, written) tokens into the (batch, vocabulary) logits of the next one."""

        def __init__(self) -> None:
            super().__init__()
            self.decoder = model.get_decoder()
            self.head = model.lm_head
            self.bias = model.final_logits_bias

        def forward(self, input_ids: Tensor, encoder_hidden_states: Tensor, encoder_attention_mask: Tensor) -> Tensor:
            read = self.decoder(
                input_ids=input_ids,
                encoder_hidden_states=encoder_hidden_states,
                encoder_attention_mask=encoder_attention_mask,
                use_cache=False,
                return_dict=True,
            ).last_hidden_state
            return (self.head(read[:, -1:]) + self.bias)[:, 0]

    return Encoder().eval(), Decoder().eval()
