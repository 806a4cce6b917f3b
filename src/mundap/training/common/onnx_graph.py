"""A part of a torch model as one ONNX graph."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from mundap.training.common.untyped import Model, Tensor

OPSET = 18


def export_part(
    torch: ModuleType,
    part: Model,
    file: Path,
    example: Mapping[str, Tensor],
    output: str,
    free: Mapping[str, Mapping[int, object]],
    large: bool = False,
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
            kwargs=dict(example),
            input_names=list(example),
            output_names=[output],
            dynamic_shapes=dict(free),
            opset_version=OPSET,
            dynamo=True,
            external_data=large,
            verbose=False,
        )
