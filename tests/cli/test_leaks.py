"""What must not come out: secrets of addresses, paths, personal data, escape sequences, formulas, readable files."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import MakeBot, MakeFiles, Run, Serve
from tests.language_model import slow_model

pytest.importorskip("fastapi", reason="the extra serve is not installed")

ESC = "\x1b]0;gotcha\x07\x1b[31m붉은\x9b32m"
SECRETS = ("s3cret", "kim", "t0ken", "127.0.0.1")
LEAKY = """[index]
encoder = "hashed"
[generate]
generator = "openai:http://kim:s3cret@127.0.0.1:9/v1?key=t0ken#small"
min_support = 0
faq = false
[serve]
heartbeat_seconds = 0.2
"""
PERSON = {
    "주민등록번호": "900101-1234568",
    "전화": "010-1234-5678",
    "카드": "4111-1111-1111-1111",
    "메일": "hong@example.com",
    "여권": "M12345678",
}


@pytest.fixture(scope="module")
def broken(serving: Serve, hashed_sample: MakeFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server whose language model cannot be reached, at an address with secrets."""
    root = hashed_sample(tmp_path_factory.mktemp("leaks") / "ws", LEAKY)
    with serving(root) as server:
        yield server, root


def test_a_visitor_hears_nothing_of_the_server_behind(broken: Any) -> None:
    server, _ = broken
    asked = {"messages": [{"role": "user", "content": "이사화물 통관예약을 하면 뭐가 좋나요?"}]}
    whole = server.client.post("/query", json={"query": "이사화물 통관예약을 하면 뭐가 좋나요?"})
    assert whole.status_code == 502
    assert whole.json()["request_id"] in whole.text
    stream = server.client.post("/v1/chat/completions", json={**asked, "stream": True})
    said = [line for line in stream.text.splitlines() if line.startswith("data: ")]
    assert said[-1] == "data: [DONE]"
    assert json.loads(said[-2][6:])["error"]["type"] == "server_error"
    pages = [whole.text, stream.text, *(server.client.get(path).text for path in ("/settings", "/metrics", "/readyz"))]
    for secret in SECRETS:
        assert not any(secret in page for page in pages), secret


def test_neither_the_log_nor_doctor_nor_errors_show_secrets(broken: Any, mundap: Run) -> None:
    server, root = broken
    shown = [server.errors.read_text("utf-8")]
    for arguments in (("doctor",), ("doctor", "--json"), ("ask", "이사화물 통관예약을 하면 뭐가 좋나요?")):
        done = mundap(*arguments, workspace=root)
        shown.append(done.out + done.err)
    for secret in SECRETS[:3]:
        assert not any(secret in text for text in shown), secret


def test_a_stream_that_breaks_ends_with_an_error_and_done(
    serving: Serve, hashed_sample: MakeFiles, tmp_path: Path
) -> None:
    with slow_model("처음 ", "끝") as model:
        model.again(says=True, breaks=True)
        settings = LEAKY.replace("http://kim:s3cret@127.0.0.1:9/v1?key=t0ken#small", f"{model.address}#slow")
        root = hashed_sample(tmp_path / "ws", settings)
        with serving(root) as server:
            asked = {"messages": [{"role": "user", "content": "이사화물 통관예약은?"}], "stream": True}
            with server.client.stream("POST", "/v1/chat/completions", json=asked) as stream:
                said = ""
                for line in stream.iter_lines():
                    said += f"{line}\n"
                    model.go_on.set()  # it breaks once the stream has begun: before, there would be none
    lines = [line for line in said.splitlines() if line.startswith("data: ")]
    assert '"error"' in lines[-2]
    assert model.address not in said
    assert lines[-1] == "data: [DONE]"


def test_readiness_tells_a_visitor_nothing_and_searches_once(serving: Serve, indexed: MakeBot, mundap: Run) -> None:
    root = indexed().root
    key = {"X-API-Key": mundap("keys", "add", "관리", "--role", "admin", workspace=root).out.strip()}
    with serving(root) as server:
        assert server.client.get("/readyz").json() == {"status": "ok", "detail": ""}
        (root / ".mundap" / "index" / "CURRENT").unlink()
        told, kept = server.client.get("/readyz", headers=key).json(), server.client.get("/readyz")
        assert kept.status_code == 503
        assert "mundap index" in told["detail"]
        assert "mundap index" not in kept.text
        assert str(root) not in kept.text


def test_files_of_a_workspace_are_their_owners(mundap: Run, tmp_path: Path) -> None:
    root = tmp_path / "ws"
    assert mundap("init", root).code == 0
    (root / "mundap.toml").write_text('[index]\nencoder = "hashed"\n', "utf-8")
    (root / "docs" / "글.txt").write_text("연차는 해마다 15일입니다.", "utf-8")
    for verb in ("ingest", "index"):
        assert mundap(verb, workspace=root).code == 0
    mundap("keys", "add", "가", workspace=root)
    for path in (root / ".mundap").rglob("*"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) & ~wanted == 0, path
    assert stat.S_IMODE((root / ".mundap").stat().st_mode) == 0o700


def test_uploads_are_their_owners(serving: Serve, indexed: MakeBot) -> None:
    root = indexed().root
    with serving(root) as server:
        server.client.post("/documents", files=[("files", ("새글.txt", "주차권은 안내소에서 팝니다.".encode()))])
    assert stat.S_IMODE((root / "uploads").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "uploads" / "새글.txt").stat().st_mode) == 0o600


def test_what_a_document_says_never_steers_the_terminal(mundap: Run, indexed: MakeBot) -> None:
    text = f"연차는 해마다 15일입니다 {ESC}.\n"
    root = indexed({f"연차{ESC[:4]}.txt".replace("/", ""): text, "연차.md": f"# 연차 {ESC}\n\n{text}"}).root
    for arguments in (("search", "연차"), ("ask", "연차는 며칠인가요?"), ("search", "연차", "--json"), ("doctor",)):
        done = mundap(*arguments, workspace=root)
        assert done.code == 0, done.err
        for control in ("\x1b", "\x07", "\x9b"):
            assert control not in done.out + done.err, arguments
    for row in mundap("search", "연차", "--json", workspace=root).rows:
        assert "15일" in row["text"]
    wrong = mundap("remove", f"없는{ESC}", workspace=root)
    assert (wrong.code, "\x1b" in wrong.err) == (1, False)


@pytest.mark.parametrize("keeps", [False, True])
def test_personal_data_of_questions_is_kept_only_where_that_is_wanted(
    serving: Serve, indexed: MakeBot, keeps: bool
) -> None:
    config = f'[index]\nencoder = "hashed"\n[serve]\nkeep_personal = {str(keeps).lower()}\n'
    root = indexed({"휴가.txt": "연차는 해마다 15일입니다. 문의: 02-1234-9999\n"}, config).root
    question = f"{' '.join(PERSON.values())}인데 연차는 며칠인가요? 그리고 {PERSON['전화']}로 문의는요?"
    with serving(root) as server:
        said = server.client.post("/query", json={"query": question, "session": "가"}).json()
        vote = {"request_id": said["request_id"], "verdict": "up", "comment": PERSON["전화"]}
        assert server.client.post("/feedback", json=vote).status_code == 201
    with sqlite3.connect(root / ".mundap" / "corpus.sqlite") as db:
        kept = [
            *db.execute("SELECT question, answer FROM answers"),
            *db.execute("SELECT question, answer FROM turns"),
            *db.execute("SELECT comment FROM feedback"),
        ]
    text = json.dumps(kept, ensure_ascii=False)
    assert {name: value in text for name, value in PERSON.items()} == dict.fromkeys(PERSON, keeps)
    assert keeps or "[전화번호]" in text


def test_no_export_has_a_formula(mundap: Run, indexed: MakeBot, tmp_path: Path) -> None:
    sheet = '질문,제시문\n=cmd|calc 은 무엇인가요?,"=HYPERLINK(""http://x"") 는 수식입니다."\n@SUM은 뭔가요?,+1 은 수입니다.\n'
    root = indexed({"=1+1.csv": sheet}).root
    assert mundap("graph", "export", "--out", tmp_path / "neo", "--format", "neo4j", workspace=root).code == 0
    assert (tmp_path / "neo" / "nodes.csv").is_file()
    for file in tmp_path.rglob("*.csv"):
        if file.is_relative_to(root):
            continue
        for cell in file.read_text("utf-8").replace("\n", ",").split(","):
            assert not cell.strip('"').startswith(("=", "+", "@")), cell
