"""A part of a torch model as one ONNX graph."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

OPSET = 18


def export_part(
    torch: Any, part: Any, file: Path, example: dict[str, Any], output: str, free: dict[str, Any], large: bool = False
) -> None:
    """Write one graph. `example` has its inputs, `free` what may vary in each; a `large` one keeps its weights beside it."""
    for name in ("onnxscript", "torch.onnx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        torch.onnx.export(
            part,
            (),
            str(file),
            kwargs=example,
            input_names=list(example),
            output_names=[output],
            dynamic_shapes=free,
            opset_version=OPSET,
            dynamo=True,
            external_data=large,
            verbose=False,
        )
