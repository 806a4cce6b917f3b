"""A conversation through a pipe."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import MakeBot, MakeFiles, Run

GREETING = "질문을 입력하세요."
RESET = "대화를 초기화했습니다."
UNKNOWN = "알 수 없는 명령입니다: /nonsense"
NOTHING = "아직 답변이 없습니다."


def test_a_follow_up_is_resolved_until_the_conversation_is_reset(mundap: Run, indexed: MakeBot) -> None:
    files = {
        "연차.md": "# 연차\n\n연차는 해마다 15일입니다. 연차는 팀장이 승인합니다.\n",
        "병가.md": "# 병가\n\n병가는 해마다 60일입니다. 병가는 원장이 승인합니다.\n",
    }
    approval = "그건 누가 승인하나요?"
    lines = ["병가는 며칠인가요?", approval, "/reset", "연차는 며칠인가요?", approval, "/quit", "병가는 며칠인가요?"]
    root = indexed(files, '[index]\nencoder = "hashed"\n[generate]\nmin_support = 0.0\n').root
    done = mundap("chat", workspace=root, stdin="\n".join(lines))
    assert (done.code, done.err) == (0, "")
    first, second = done.out.split(RESET)
    cited_first = [line.split(" — ")[0] for line in done.out.splitlines() if line.startswith("  [1] ")]
    assert cited_first == ["  [1] 병가 > 병가"] * 2 + ["  [1] 연차 > 연차"] * 2
    assert first.count("병가는 원장이 승인합니다. [1]") == 2
    assert second.count("연차는 팀장이 승인합니다. [1]") == 2


def test_commands_answer_and_the_end_of_input_ends_with_exit_0(mundap: Run, office: Path) -> None:
    lines = ["/sources", "", "연차는 언제 소멸하나요?", "/sources", "/nonsense", "/help", "/reset", "/sources"]
    done = mundap("chat", workspace=office, stdin="\n".join(lines))  # without a line end, too
    assert (done.code, done.err) == (0, "")
    out = done.out
    assert out.startswith(GREETING)
    assert out.count(GREETING) == 2
    places = [
        out.index(NOTHING),
        out.index("연차는 2년이 지나면 소멸합니다."),
        out.index("[1] 휴가 규정 > 연차\n연차는 2년이 지나면 소멸합니다. 연차는 해마다 15일입니다.\n"),
        out.index(UNKNOWN),
        out.rindex(GREETING),
        out.index(RESET),
        out.rindex(NOTHING),
    ]
    assert places == sorted(places)
    assert out.endswith(f"{NOTHING}\n")


def test_a_conversation_in_cp949_is_understood(mundap: Run, office: Path) -> None:
    done = mundap("chat", workspace=office, stdin="연차는 언제 소멸하나요?\n".encode("cp949"))
    assert done.code == 0, done.err
    assert "연차는 2년이 지나면 소멸합니다." in done.out


def test_without_an_index_there_is_a_sentence_and_no_conversation(mundap: Run, fresh: MakeFiles) -> None:
    done = mundap("chat", workspace=fresh(), stdin="연차는?\n")
    assert (done.code, done.out) == (1, "")
    assert "mundap index" in done.err
    assert "Traceback" not in done.err


TALK = {
    "연차.md": "# 연차\n\n연차는 해마다 15일입니다. 연차 신청 서류는 휴가원입니다.\n",
    "병가.md": "# 병가\n\n병가는 해마다 60일입니다. 병가 신청 서류는 진단서입니다.\n",
}
OPEN = '[index]\nencoder = "hashed"\n[generate]\nmin_support = 0.0\n'


def test_small_talk_gets_a_sentence_and_the_next_question_leans_on_the_last_real_one(
    mundap: Run, indexed: MakeBot
) -> None:
    root = indexed(TALK, OPEN).root
    lines = ["안녕하세요", "병가는 며칠인가요?", "고마워요!", "서류는요?", "/quit"]
    done = mundap("chat", workspace=root, stdin="\n".join(lines))
    assert (done.code, done.err) == (0, "")
    hello, rest = done.out.split("60일입니다.", 1)
    answer, papers = rest.split("도움이 되었다니 다행입니다.", 1)
    assert "안녕하세요! 무엇을 도와드릴까요?\n" in hello
    assert "[1]" in answer
    assert papers.index("진단서") < papers.index("[1]")


def test_several_questions_of_one_turn_are_answered_one_by_one(mundap: Run, indexed: MakeBot) -> None:
    root = indexed(TALK, OPEN).root
    asked = mundap("ask", "연차는 며칠이고 병가는 며칠인가요?", "--json", workspace=root).row
    first, second = asked["answer"].split("\n\n")
    assert first.startswith("Q1. 연차는 며칠인가요?\n")
    assert second.startswith("Q2. 병가는 며칠인가요?\n")
    assert "15일" in first
    assert "60일" in second
    numbers = {hit["passage_id"]: hit["rank"] for hit in asked["hits"]}
    assert len(numbers) == len(asked["hits"])
    for citation in asked["citations"]:
        assert f"[{numbers[citation['passage_id']]}]" in asked["answer"]


def test_a_persona_has_its_own_small_talk(mundap: Run, indexed: MakeBot) -> None:
    root = indexed(TALK, OPEN).root
    (root / "personas").mkdir()
    (root / "personas" / "모아.toml").write_text('[smalltalk]\ngreeting = "반가워요, 모아예요!"\n', "utf-8")
    said = mundap("ask", "안녕하세요", "--persona", "모아", "--json", workspace=root).row
    assert (said["answer"], said["hits"], said["abstained"]) == ("반가워요, 모아예요!", [], False)


def test_a_page_that_a_source_names_is_said_as_people_say_it(mundap: Run, indexed: MakeBot) -> None:
    sheet = (
        '질문,제시문,답변,출처\n주차장은 몇 시에 닫나요?,지하 주차장은 밤 11시에 문을 닫습니다.,,"시설 안내, page: 9"\n'
    )
    root = indexed({"문답.csv": sheet}, OPEN).root
    done = mundap("chat", workspace=root, stdin="주차장은 몇 시에 문을 닫나요?\n/sources\n")
    assert done.code == 0
    assert "page" not in done.out
    assert done.out.count("시설 안내, 9쪽") == 2
