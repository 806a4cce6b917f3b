"""Encoders whose files are in a folder or on a hub: read by PyTorch ("st:") or by onnxruntime ("onnx:")."""

from __future__ import annotations

from pathlib import Path

from mundap.encode.layout import WINDOW, Layout, read_layout
from mundap.encode.onnx import GRAPHS, OnnxModel
from mundap.encode.onnx_header import output_names
from mundap.encode.options import Options
from mundap.encode.places import content, fingerprint, model_folder
from mundap.encode.sentence import SentenceEncoder
from mundap.encode.sparse import LINEAR, OUTPUTS, SparseSentenceEncoder, by_linear, by_output
from mundap.errors import ConfigError
from mundap.files import digest

_SAYS = ("*.json", "*.txt", "*.model", "*/config.json")  # small files that decide how text is read
_SAFE = ("*.safetensors", "*/*.safetensors")
_PICKLED = ("pytorch_model*.bin", "*/pytorch_model*.bin")
_DENSE = ("dense_vecs", "sentence_embedding", "states", "last_hidden_state", "token_embeddings")


def open_torch(place: str, folder: Path, options: Options) -> SentenceEncoder:
    """The encoder of a folder, or of a hub's model. Raises ConfigError and MissingExtra."""
    from mundap.encode.torch_model import TorchModel

    found = model_folder(place, folder, (*_SAYS, "*/*.json", LINEAR), (_SAFE, _PICKLED))
    layout = read_layout(found, place, options)
    name = _name("st", place, fingerprint(found, (*_SAYS, *_SAFE, *_PICKLED, LINEAR)), layout)

    def load() -> TorchModel:
        return TorchModel(layout.transformer, layout.window)

    if (found / LINEAR).is_file():
        return SparseSentenceEncoder(name, layout, load, by_linear(found / LINEAR), layout.transformer)
    return SentenceEncoder(name, layout, load)


def open_onnx(place: str, folder: Path, options: Options) -> SentenceEncoder:
    """The encoder of a folder with model.onnx (or onnx/model.onnx) and tokenizer.json; a graph of another name is given
    as FOLDER/FILE.onnx. Raises ConfigError and MissingExtra."""
    above, _, graph = place.rpartition("/") if place.endswith(".onnx") else (place, "", "")
    found = model_folder(above, folder, (*_SAYS, *((graph,) if graph else ("onnx/model.onnx*", "model.onnx*"))))
    if graph and not (found / "tokenizer.json").is_file() and (found.parent / "tokenizer.json").is_file():
        found, graph = found.parent, f"{found.name}/{graph}"  # onnx/model_int8.onnx beside the tokenizer's folder
    file = found / (graph or next((name for name in GRAPHS if (found / name).is_file()), GRAPHS[0]))
    if not file.is_file():
        raise ConfigError(f"'{found}'에 {file.name} 파일이 없습니다. ONNX로 내보낸 모델의 폴더인지 확인하세요.")
    layout = read_layout(found, place, options)
    weights = digest(*(content(part) for part in sorted(file.parent.glob(f"{file.name}*"))))  # model.onnx_data too
    name = _name("onnx", place, digest(fingerprint(found, _SAYS), weights), layout)
    limit = layout.window if (found / "config.json").is_file() else WINDOW

    def load() -> OnnxModel:
        return OnnxModel(found, _DENSE, "encoders", graph=str(file.relative_to(found)), max_tokens=limit)

    if set(OUTPUTS) & set(output_names(file)):
        return SparseSentenceEncoder(name, layout, load, by_output, found)
    return SentenceEncoder(name, layout, load)


def _name(kind: str, place: str, files: str, layout: Layout) -> str:
    """Tells the model, its files, and how it reads from any other."""
    prompts = layout.prompts
    how = digest(files, prompts.query, prompts.passage, *layout.poolings, str(layout.window))
    return f"{kind}-{place.rstrip('/').rpartition('/')[2]}-{how}"
