"""How probable a causal model finds a question after passages: together and remembered as one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mundap.errors import MundapError
from mundap.generate.likelihood import ROOM, Likelihood
from mundap.workspace import Mundap

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of other people's packages

torch = pytest.importorskip("torch", reason="needs torch: make setup-train")
transformers = pytest.importorskip("transformers", reason="needs transformers: make setup-train")

PASSAGES = [
    "이사화물은 입국한 날부터 6개월 안에 통관합니다.",
    "담배는 200개비까지 면세됩니다. 넘으면 모두 신고합니다. 신고하지 않으면 가산세를 냅니다.",
    "향수는 60mL까지 면세됩니다.",
    "반려동물은 검역증명서가 있어야 합니다. 나라마다 다릅니다.",
    "환급은 출국할 때 신청합니다.",
    "면세 한도는 미화 800달러입니다.",
]
QUESTION = "담배는 몇 개비까지 면세되나요?"

Make = Callable[[Path], None]


def llama(words: int) -> Any:
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=words, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=4096, bos_token_id=0, eos_token_id=1, pad_token_id=2,
        )
    )  # fmt: skip


def gemma(words: int) -> Any:
    """Every second layer sees the last eight tokens only."""
    return transformers.Gemma3ForCausalLM(
        transformers.Gemma3TextConfig(
            vocab_size=words, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, head_dim=16, sliding_window=8, layer_types=["sliding_attention", "full_attention"],
            max_position_embeddings=4096, bos_token_id=0, eos_token_id=1, pad_token_id=2, query_pre_attn_scalar=16,
        )
    )  # fmt: skip


@pytest.fixture(scope="module", params=[llama, gemma])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import tokenizers

    folder = tmp_path_factory.mktemp("causal")
    speller = tokenizers.ByteLevelBPETokenizer()
    speller.train_from_iterator([*PASSAGES, QUESTION], 600, special_tokens=["<s>", "</s>", "<pad>"])
    words = transformers.PreTrainedTokenizerFast(
        tokenizer_object=speller._tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    torch.manual_seed(0)
    model = request.param(len(words))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)  # so that it prefers some words by far
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


ASKS = "\n물음: "


def alone(folder: Path, before: str, text: str) -> float:
    """log p(text | before), word by word, from one pass over both."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    words = transformers.AutoTokenizer.from_pretrained(folder)
    context = [*words(before).input_ids, *words(ASKS, add_special_tokens=False).input_ids]
    said = words(text, add_special_tokens=False).input_ids
    with torch.inference_mode():
        told = model(torch.tensor([[*context, *said]])).logits[0].log_softmax(-1)
    return float(sum(told[len(context) - 1 + n, word] for n, word in enumerate(said)))


def nearly(values: Sequence[float], folder: Path) -> Any:
    """Sixteen bits, where a processor computes with them, are worth two to three digits."""
    return pytest.approx(values, rel=0.02, abs=0.2)


def test_many_at_once_are_as_likely_as_each_alone_and_stay_so_when_remembered(folder: Path, tmp_path: Path) -> None:
    model = Likelihood(str(folder), tmp_path)
    expected = [alone(folder, passage, QUESTION) for passage in PASSAGES]
    assert max(expected) - min(expected) > 1
    assert model.after(PASSAGES, ASKS, QUESTION) == nearly(expected, folder)
    assert model.after(PASSAGES[::-1], ASKS, QUESTION)[::-1] == nearly(expected, folder)
    assert model.after(PASSAGES[1:2], ASKS, "다른 질문") == nearly([alone(folder, PASSAGES[1], "다른 질문")], folder)


def test_no_more_is_remembered_than_there_is_room_for(folder: Path, tmp_path: Path) -> None:
    model, forgetful = Likelihood(str(folder), tmp_path), Likelihood(str(folder), tmp_path, cached_bytes=0)
    assert forgetful.after(PASSAGES, ASKS, QUESTION) == nearly(model.after(PASSAGES, ASKS, QUESTION), folder)
    assert forgetful.held == 0 < model.held
    one = Likelihood(str(folder), tmp_path, cached_bytes=model.held - 1)
    one.after(PASSAGES, ASKS, QUESTION)
    assert 0 < one.held < model.held


def test_of_a_text_that_is_too_long_the_beginning_is_read(folder: Path, tmp_path: Path) -> None:
    long = "환급은 출국할 때 신청합니다. " * ROOM
    assert Likelihood(str(folder), tmp_path).after([long, long + "끝"], ASKS, QUESTION)[0] == pytest.approx(
        Likelihood(str(folder), tmp_path).after([long + "끝"], ASKS, QUESTION)[0], abs=0.2
    )


def test_a_workspace_ranks_by_it_and_says_what_it_cannot_load(folder: Path, tmp_path: Path, corpus: Path) -> None:
    plain = Mundap.open(corpus)
    first = plain.search("면세 한도는 얼마인가요?", k=3)
    settings = plain.config
    retrieve = settings.retrieve.model_copy(update={"likelihood": str(folder), "likelihood_weight": 5.0})
    other = plain.reconfigured(settings.model_copy(update={"retrieve": retrieve}))
    hits = other.search("면세 한도는 얼마인가요?", k=3)
    assert [hit.passage.id for hit in hits] != [hit.passage.id for hit in first]
    missing = settings.retrieve.model_copy(update={"likelihood": "models/없음.gguf"})
    with pytest.raises(MundapError, match=r"없음\.gguf"):
        plain.reconfigured(settings.model_copy(update={"retrieve": missing})).search("면세")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample corpus, indexed with hashes."""
    root = tmp_path_factory.mktemp("likelihood") / "ws"
    (root / "docs").mkdir(parents=True)
    for number, passage in enumerate(PASSAGES):
        (root / "docs" / f"{number}.md").write_text(f"# 안내 {number}\n\n{passage}\n", "utf-8")
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    bot = Mundap.open(root)
    bot.ingest()
    bot.index()
    return root
