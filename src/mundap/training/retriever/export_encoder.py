"""Export a trained encoder as ONNX: token numbers into the state of every token."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from mundap.encode.transformer import BOTH, PASSAGE, QUESTION
from mundap.errors import ConfigError
from mundap.extras import need, quiet_transformers
from mundap.training.common.onnx_graph import export_part
from mundap.training.common.untyped import Model, Tensor

GRAPH = "onnx/model.onnx"
SIDES = (BOTH, QUESTION, PASSAGE)
MOST = 512  # tokens at once
LARGE = 1_500_000_000  # bytes; a file of protobuf cannot have 2 GB


def export_encoder(folder: Path) -> list[Path]:
    """Write the graph of each model in the folder of a trained encoder; the files. Raises ConfigError."""
    transformers = quiet_transformers()
    torch = need("torch", extra="train")
    made = []
    for side in (folder / name for name in SIDES if (folder / name).is_dir()):
        try:
            model = transformers.AutoModel.from_pretrained(
                side, local_files_only=True, attn_implementation="eager", dtype=torch.float32
            )
        except (OSError, ValueError, RuntimeError, KeyError) as error:
            raise ConfigError(f"'{side}'의 모델을 읽을 수 없습니다. 다시 학습하세요. ({error})") from error
        made.append(write_graph(torch, model, side / GRAPH))
    if not made:
        raise ConfigError(
            f"'{folder}'에는 내보낼 수 있는 모델이 없습니다. mundap train embedding이나 dpr로 만든 모델을 지정하세요."
        )
    return made


def write_graph(torch: ModuleType, model: Model, file: Path, pairs: bool = False) -> Path:
    """The graph of one model, whole or not at all: states, or of a classifier, which reads `pairs`, logits."""
    file.parent.mkdir(parents=True, exist_ok=True)

    class States(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor = None) -> Tensor:
            return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)[0]

    example = {
        "input_ids": torch.tensor([[5, 6, 7], [8, 9, 2]]) % model.config.vocab_size,
        "attention_mask": torch.tensor([[1, 1, 1], [1, 1, 0]]),
    }
    if pairs:
        example["token_type_ids"] = torch.zeros(2, 3, dtype=torch.long)
    free = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("read", min=2, max=MOST)}
    aside = file.with_name(f".{file.name}")
    large = sum(p.numel() * p.element_size() for p in model.parameters()) > LARGE
    to, output = (file if large else aside), ("logits" if pairs else "states")
    export_part(torch, States().eval(), to, example, output, dict.fromkeys(example, free), large)
    if not large:
        aside.replace(file)
    return file
