"""Encoders with random weights, in the forms in which people get them, and a server of embeddings, for tests.

Letters are tokens, and vectors of tokens outweigh what the layers make of them: texts that share letters are near.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from tests import small_models
from tests.language_model import Handler, Server

from mundap.encode.hashed import HashedEncoder
from mundap.korean.tokens import SearchTokenizer
from mundap.protocols import TokenWeights

DIM, WINDOW = 32, 100
LETTERS = "".join(sorted(set(
    " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:?|\n수입신고를마친물품은보세구역에서꺼낼있습니다"
    "관청세걷는기이고양가지붕낮잠잔무엇합까한글물음환급제"
)))  # fmt: skip


BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
ROBERTA = ("<pad>", "<unk>", "<s>", "</s>")


def letters(alphabet: str = LETTERS, marks: Sequence[str] = BERT) -> Any:
    """A `tokenizers.Tokenizer` of letters: "[CLS] … [SEP]". `marks` are what fills up, is unknown, begins and ends."""
    kinds = pytest.importorskip("tokenizers", reason="needs tokenizers, from the extra encoders")
    places = {letter: n for n, letter in enumerate([*marks, *alphabet])}
    made = kinds.Tokenizer(kinds.models.WordLevel(places, unk_token=marks[1]))
    made.pre_tokenizer = kinds.pre_tokenizers.Split(kinds.Regex(r"[\s\S]"), "isolated")
    made.post_processor = kinds.processors.TemplateProcessing(
        single=f"{marks[2]} $A {marks[3]}", special_tokens=[(marks[2], 2), (marks[3], 3)]
    )
    made.add_special_tokens([*marks])
    return made


def sentence(
    folder: Path, pooling: str = "mean", prompts: Mapping[str, str] | None = None, dense: bool = False
) -> Path:
    """A folder as sentence-transformers writes it, with a BERT of two layers, and a Dense layer of 24 if asked for."""
    torch = pytest.importorskip("torch", reason="needs torch, from the extra train")
    transformers = pytest.importorskip("transformers", reason="needs transformers, from the extra train")
    tensors = pytest.importorskip("safetensors.torch", reason="needs safetensors, from the extra train")
    torch.manual_seed(0)
    spelling = letters()
    config = transformers.BertConfig(
        vocab_size=spelling.get_vocab_size(), hidden_size=DIM, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=WINDOW,
    )  # fmt: skip
    model = transformers.BertModel(config, add_pooling_layer=False)
    torch.nn.init.normal_(model.embeddings.word_embeddings.weight, std=1.0)
    model.save_pretrained(folder)
    spelling.save(str(folder / "tokenizer.json"))
    modules = ["Transformer", "Pooling", *["Dense"] * dense, "Normalize"]
    kept: dict[str, Any] = {
        "modules.json": [
            {"idx": n, "name": str(n), "path": f"{n}_{kind}" if n else "", "type": f"sentence_transformers.models.{kind}"}
            for n, kind in enumerate(modules)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": DIM,
            "pooling_mode_cls_token": pooling == "cls",
            "pooling_mode_mean_tokens": pooling == "mean",
            "pooling_mode_lasttoken": pooling == "lasttoken",
        },
        "sentence_bert_config.json": {"max_seq_length": WINDOW, "do_lower_case": False},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": WINDOW,
                                  "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
        "config_sentence_transformers.json": {"prompts": dict(prompts or {})},
        f"{len(modules) - 1}_Normalize/config.json": {},
    }  # fmt: skip
    if dense:
        kept["2_Dense/config.json"] = {
            "in_features": DIM, "out_features": 24, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"
        }  # fmt: skip
    for name, content in kept.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    if dense:
        weights = {"linear.weight": torch.randn(24, DIM) / 6, "linear.bias": torch.randn(24) / 20}
        tensors.save_file(weights, folder / "2_Dense" / "model.safetensors")
    return folder


def exported(folder: Path) -> Path:
    """What `sentence` wrote, with its graph in onnx/model.onnx."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("onnxruntime", reason="needs onnxruntime, from the extra encoders")
    pytest.importorskip("onnxscript", reason="needs onnxscript, from the extra train")
    from mundap.training.retriever.export_encoder import GRAPH, write_graph

    model = transformers.AutoModel.from_pretrained(folder, attn_implementation="eager", add_pooling_layer=False)
    write_graph(pytest.importorskip("torch"), model.eval(), folder / GRAPH)
    return folder


def graph(folder: Path, weighs: str = "") -> Path:
    """tokenizer.json and model.onnx, whose state of a token is its letter's row in a table, and nothing of what stands around.

    With `weighs`, the alphabet, the graph gives what bge-m3's exports do: one vector a text, what each letter weighs
    (signs nothing), and a vector for each token but the first.
    """
    onnx = pytest.importorskip("onnx", reason="needs onnx, to make a model")
    pytest.importorskip("onnxruntime", reason="needs onnxruntime, from the extra encoders")
    folder.mkdir(exist_ok=True)
    spelling = letters(weighs or LETTERS)
    spelling.save(str(folder / "tokenizer.json"))
    rng = np.random.default_rng(0)
    table = rng.normal(size=(spelling.get_vocab_size(), DIM)).astype(np.float32)
    table[0] = 1000  # whoever reads what fills a row up is caught
    number, make = onnx.TensorProto, onnx.helper
    constants = {"table": table}
    inputs = [make.make_tensor_value_info(n, number.INT64, ["b", "t"]) for n in ("input_ids", "attention_mask")]
    shapes: dict[str, list[str | int]] = {"last_hidden_state": ["b", "t", DIM]}
    nodes = [make.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"])]
    if weighs:
        signs = [1.0] * 4 + [0.0 if letter.isalnum() else 1.0 for letter in weighs]
        weights = np.where(signs, -1, rng.uniform(0.5, 1, len(signs))).astype(np.float32)
        constants |= {
            "weight": weights[:, None], "one": np.array([1]), "two": np.array([2]),
            "end": np.array([10**6]), "axis": np.array([1]),
        }  # fmt: skip
        shapes = {"dense_vecs": ["b", DIM], "sparse_vecs": ["b", "t", 1], "colbert_vecs": ["b", "u", DIM]}
        nodes += [
            make.make_node("Cast", ["attention_mask"], ["flat"], to=number.FLOAT),
            make.make_node("Unsqueeze", ["flat", "two"], ["mask"]),
            make.make_node("Mul", ["last_hidden_state", "mask"], ["masked"]),
            make.make_node("ReduceSum", ["masked", "axis"], ["dense_vecs"], keepdims=0),
            make.make_node("Gather", ["weight", "input_ids"], ["linear"]),
            make.make_node("Relu", ["linear"], ["sparse_vecs"]),
            make.make_node("Slice", ["last_hidden_state", "one", "end", "axis"], ["colbert_vecs"]),
        ]
    outputs = [make.make_tensor_value_info(name, number.FLOAT, shape) for name, shape in shapes.items()]
    held = [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()]
    made = make.make_graph(nodes, "tiny", inputs, outputs, held)
    opset = [make.make_opsetid("", 17)]
    onnx.save(make.make_model(made, opset_imports=opset, ir_version=9), str(folder / "model.onnx"))
    return folder


def m3(folder: Path) -> Path:
    """A folder as FlagEmbedding keeps bge-m3: an XLM-R of two layers, and a linear layer for each of its other outputs."""
    torch = pytest.importorskip("torch", reason="needs torch, from the extra train")
    transformers = pytest.importorskip("transformers", reason="needs transformers, from the extra train")
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    spelling = letters(marks=ROBERTA)
    config = transformers.XLMRobertaConfig(
        vocab_size=spelling.get_vocab_size(), hidden_size=DIM, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=WINDOW + 2, pad_token_id=0, bos_token_id=2, eos_token_id=3,
        initializer_range=0.3,
    )  # fmt: skip
    model = transformers.XLMRobertaModel(config, add_pooling_layer=False)
    torch.nn.init.normal_(model.embeddings.word_embeddings.weight, std=1.0)
    config.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    torch.save(torch.nn.Linear(DIM, 1).half().state_dict(), folder / "sparse_linear.pt")
    torch.save(torch.nn.Linear(DIM, 16).half().state_dict(), folder / "colbert_linear.pt")
    spelling.save(str(folder / "tokenizer.json"))
    pad, unknown, first, last = ROBERTA
    added = {"__type": "AddedToken", "content": unknown, "lstrip": False, "normalized": False, "rstrip": False,
             "single_word": False}  # fmt: skip
    named = {"bos_token": first, "cls_token": first, "eos_token": last, "sep_token": last, "pad_token": pad}
    kept: dict[str, Any] = {
        "modules.json": [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (path, kind) in enumerate([("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")])
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": DIM, "pooling_mode_cls_token": True},
        "2_Normalize/config.json": {},
        "sentence_bert_config.json": {"max_seq_length": WINDOW, "do_lower_case": False},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": WINDOW, **named,
                                  "unk_token": added},
        "special_tokens_map.json": named,
    }  # fmt: skip
    for name, content in kept.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return folder


class Weighing(HashedEncoder):
    """Hashes, and words with weights of their own."""

    def __init__(self) -> None:
        super().__init__()
        self._tokenize = SearchTokenizer()

    def sparse_queries(self, texts: Sequence[str]) -> list[TokenWeights]:
        """Each word weighs by its number."""
        return [self._weights(tokens) for tokens in self._tokenize(texts)]

    sparse_passages = sparse_queries

    def _weights(self, tokens: Sequence[str]) -> TokenWeights:
        ids = np.unique(np.array([crc32(token.encode()) % 2**31 for token in tokens], np.int32))
        return TokenWeights(ids, (0.25 + ids % 8 / 16).astype(np.float32))


def model2vec(folder: Path, nested: bool = False, mapped: bool = False) -> Path:
    """A folder of word vectors as model2vec writes it, or `nested` as sentence-transformers does; `mapped`, tokens share
    rows and have weights, as of a quantised vocabulary."""
    tensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors, from the extra train")
    at = folder / "0_StaticEmbedding" if nested else folder
    at.mkdir(parents=True, exist_ok=True)
    spelling = letters()
    rng = np.random.default_rng(0)
    size = spelling.get_vocab_size()
    held: dict[str, Any] = {"embedding.weight" if nested else "embeddings": rng.normal(size=(size, DIM)).astype("f4")}
    if mapped:
        held["embeddings"] = held["embeddings"][: size // 2].astype("f2")
        held["mapping"] = np.arange(size) // 2 % (size // 2)
        held["weights"] = rng.uniform(0.5, 1.5, size)
    tensors.save_file(held, at / "model.safetensors")
    spelling.save(str(at / "tokenizer.json"))
    config = {"model_type": "model2vec", "normalize": True, "hidden_dim": DIM}
    (folder / ("config_sentence_transformers.json" if nested else "config.json")).write_text(
        json.dumps(config), "utf-8"
    )
    return folder


def gguf(folder: Path) -> Path:
    """A Llama of two layers in a GGUF file, which does not say how it pools."""
    pytest.importorskip("xllamacpp", reason="needs xllamacpp, from the extra llm")
    pytest.importorskip("gguf", reason="needs gguf, from the extra train")
    torch = pytest.importorskip("torch", reason="needs torch, from the extra train")
    transformers = pytest.importorskip("transformers", reason="needs transformers, from the extra train")
    from mundap.training.llm.gguf_export import export_gguf

    made = small_models.llama(folder / "llama")
    model = transformers.AutoModelForCausalLM.from_pretrained(made)
    torch.nn.init.normal_(model.get_input_embeddings().weight, std=1.0)
    model.save_pretrained(made)
    export_gguf(made, folder / "llama.gguf", "f32")
    return folder / "llama.gguf"


class EmbeddingServer(Server):
    """Vectors of the hashed encoder, in an order of its own. `texts` are those that were read.

    The next `busy` requests are told to come again. Texts of more than `refuses` letters are refused, and of those of
    more than `cuts` only so many letters are read, without a word.
    """

    def __init__(self, busy: int = 0, refuses: int = 10**9, cuts: int = 10**9) -> None:
        super().__init__(_Embeds)
        self.busy, self.refuses, self.cuts = busy, refuses, cuts
        self.texts: list[str] = []
        self.lock = threading.Lock()


class _Embeds(Handler):
    server: EmbeddingServer

    def reply(self, request: dict[str, Any]) -> None:
        server = self.server
        with server.lock:
            server.busy -= 1
            if server.busy >= 0:
                return self.answer(
                    {"error": {"message": "overloaded"}}, [429, 503][server.busy % 2], Retry_After="0.01"
                )
            server.texts += request["input"]
        if any(len(text) > server.refuses for text in request["input"]):
            return self.answer({"error": "Input validation error: `inputs` must have less than 512 tokens"}, 413)
        vectors = HashedEncoder(dim=64).encode_passages([text[: server.cuts] for text in request["input"]])
        data = [{"object": "embedding", "index": n, "embedding": row.tolist()} for n, row in enumerate(vectors)]
        return self.answer({"object": "list", "data": data[::-1], "model": request["model"]})

    def answer(self, content: Any, status: int = 200, **headers: str) -> None:
        self.begin(status, "application/json", **headers)
        self.wfile.write(json.dumps(content).encode())


class RerankServer(Server):
    """Scores texts by their hashed vectors, in an order of its own, in the shape of `tei` or of Jina."""

    def __init__(self, tei: bool = False) -> None:
        super().__init__(_Reranks)
        self.tei = tei


class _Reranks(Handler):
    server: RerankServer

    def reply(self, request: dict[str, Any]) -> None:
        server = self.server
        texts = request.get("texts" if server.tei else "documents")
        if texts is None:
            self.begin(422, "application/json")
            self.wfile.write(json.dumps({"error": "missing field `texts`"}).encode())
            return
        encoder = HashedEncoder()
        scores = (encoder.encode_passages(texts) @ encoder.encode_queries([request["query"]])[0]).tolist()
        name = "score" if server.tei else "relevance_score"
        found = [{"index": n, name: score} for n, score in enumerate(scores)][::-1]
        self.begin(kind="application/json")
        self.wfile.write(json.dumps(found if server.tei else {"results": found}).encode())
