import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from tests.workbooks import workbook

from mundap.errors import BadFile
from mundap.evaluation.questions import READERS, Question, read_questions


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def squad(paragraphs: list[Any], version: str = "KorQuAD_v1.0_dev") -> str:
    return json.dumps({"version": version, "data": [{"title": "제목", "paragraphs": paragraphs}]}, ensure_ascii=False)


def test_xlsx_with_its_rows(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "문답.xlsx",
        문답=[
            ["출처", "제시문", "질문", "답변"],
            ["규정", "연차는 1년 뒤 소멸한다.", "연차는 언제 소멸하나요?", "1년 뒤"],
            ["규정", "연차는 1년 뒤 소멸한다.", None, None],
            ["규정", None, "대표 이름은?", None],
            ["규정", "점심은 12시다.", "점심은 언제?", 12],
        ],
    )
    questions = read_questions(path)
    assert questions.items == (
        Question("연차는 언제 소멸하나요?", ("연차는 1년 뒤 소멸한다.",), "1년 뒤", 2),
        Question("대표 이름은?", (), "", 4),
        Question("점심은 언제?", ("점심은 12시다.",), "12", 5),
    )
    assert questions.corpus is None
    assert questions.problems == ()


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("q.csv", '질문,제시문\n"언제, 어디서?",본문이다.\n', "cp949"),
        ("q.csv", '질문;제시문\n"언제, 어디서?";본문이다.\n', "utf-8-sig"),
        ("q.tsv", "Question\tContext\n언제, 어디서?\t본문이다.\n", "utf-8"),
        ("q.csv", '\n질 문,지문,비고\n"언제, 어디서?",본문이다.,\n', "utf-8"),
    ],
)
def test_csv_and_tsv_under_the_names_people_use(tmp_path: Path, name: str, text: str, encoding: str) -> None:
    (question,) = read_questions(written(tmp_path / name, text, encoding)).items
    assert (question.question, question.gold, question.answer) == ("언제, 어디서?", ("본문이다.",), "")


def test_texts_are_in_normal_form(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", "질문,제시문\n언제\u00a0어디서\u200b?,  본문이다. \n")
    (question,) = read_questions(written(tmp_path / "q.csv", text)).items
    assert (question.question, question.gold) == ("언제 어디서?", ("본문이다.",))
    record = json.dumps({"question": unicodedata.normalize("NFD", "언제\r\n?"), "gold": "가\u00a0나 "})
    (question,) = read_questions(written(tmp_path / "q.jsonl", record)).items
    assert (question.question, question.gold) == ("언제\n?", ("가 나",))


def test_rows_that_cannot_be_trusted_are_reported(tmp_path: Path) -> None:
    text = "질문,제시문\n언제, 어디서?,본문이다.\n누가?,#REF!\n왜?,본문이다.\n"
    questions = read_questions(written(tmp_path / "q.csv", text))
    assert [question.question for question in questions.items] == ["왜?"]
    assert [problem.row for problem in questions.problems] == [2, 3]
    assert "칸이 3개" in questions.problems[0].reason
    assert "#REF!" in questions.problems[1].reason


def test_a_formula_error_in_another_column_is_no_matter(tmp_path: Path) -> None:
    path = written(tmp_path / "q.csv", "질문,제시문,글자 수\n왜?,본문이다.,#NAME?\n")
    assert len(read_questions(path).items) == 1


def test_sheets_without_the_columns_are_left_out_and_reported(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "q.xlsx",
        안내=[["이름", "값"], ["가", "나"]],
        빈시트=[],
        문답=[["질문", "제시문"], ["왜?", "본문이다."]],
    )
    questions = read_questions(path)
    assert len(questions.items) == 1
    (problem,) = questions.problems
    assert problem.row is None
    assert "'안내'" in problem.reason
    assert "이름, 값" in problem.reason


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([["질문", "답변"], ["왜?", "그래서"]], "찾은 열: 질문, 답변."),
        ([["가" * 50, "나"], ["다", "라"]], "찾은 열: 없음."),
        ([], "찾은 열: 없음."),
    ],
)
def test_a_sheet_without_the_columns_names_what_it_has_and_needs(
    tmp_path: Path, rows: list[list[str]], found: str
) -> None:
    path = workbook(tmp_path / "q.xlsx", 시트=rows)
    with pytest.raises(BadFile) as error:
        read_questions(path)
    assert "q.xlsx" in str(error.value)
    assert found in str(error.value)
    assert "필요한 열: 질문(또는 question" in str(error.value)
    assert "제시문(또는 지문" in str(error.value)


def test_squad_one_has_its_paragraphs_as_gold_and_corpus(tmp_path: Path) -> None:
    first = {
        "context": "서울은 수도다.",
        "qas": [
            {"id": "1", "question": "수도는?", "answers": [{"text": "서울", "answer_start": 0}]},
            {"id": "2", "question": "서울은?", "answers": []},
        ],
    }
    again = {"context": "서울은 수도다.", "qas": []}
    other = {"context": "부산은 항구다.", "qas": [{"question": "항구는?", "answers": [{"text": "부산"}]}]}
    questions = read_questions(written(tmp_path / "k.json", squad([first, other, again])))
    assert questions.items == (
        Question("수도는?", ("서울은 수도다.",), "서울"),
        Question("서울은?", ("서울은 수도다.",), ""),
        Question("항구는?", ("부산은 항구다.",), "부산"),
    )
    assert questions.corpus == ("서울은 수도다.", "부산은 항구다.")


def test_squad_two_questions_without_an_answer_have_no_gold(tmp_path: Path) -> None:
    qas = [
        {"question": "왕은?", "is_impossible": True, "answers": [], "plausible_answers": [{"text": "서울"}]},
        {"question": "수도는?", "is_impossible": False, "answers": [{"text": "서울"}]},
    ]
    path = written(tmp_path / "s.json", squad([{"context": "서울은 수도다.", "qas": qas}], "v2.0"))
    assert [question.gold for question in read_questions(path).items] == [(), ("서울은 수도다.",)]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        ("{", ["JSON"]),
        ('{"question": "왜?"}\n{"question": "왜?"}', ["JSON", ".jsonl"]),
        ('[{"question": "왜?"}]', ["[0]", "gold(배열)", "찾은 키: question"]),
        ('["왜?"]', ["[0]", "객체가 아님"]),
        ("[]", ["질문이 없습니다"]),
        ('{"rows": []}', ["찾은 키: rows", "필요한 키: data"]),
        ('{"data": [{"paragraphs": []}, {"context": "글", "qas": []}]}', ["data[1]", "context, qas", "paragraphs"]),
        (squad([{"context": "글", "qas": [{"answers": []}]}]), ["data[0].paragraphs[0].qas[0]", "question, answers"]),
        (
            squad([{"context": "글", "qas": [{"question": "왜?", "answers": ["글"]}]}]),
            ["answers[0]", "필요한 키: text"],
        ),
        (squad([{"context": " ", "qas": []}]), ["paragraphs[0]", "context가 비어"]),
        (squad([{"context": "글", "qas": [{"question": " ", "answers": []}]}]), ["qas[0]", "question이 비어"]),
        (squad([{"context": "글", "qas": []}]), ["질문이 없습니다"]),
    ],
)
def test_a_bad_json_file_says_where_and_what_is_expected(tmp_path: Path, content: str, parts: list[str]) -> None:
    with pytest.raises(BadFile) as error:
        read_questions(written(tmp_path / "bad.json", content))
    assert all(part in str(error.value) for part in ["bad.json", *parts])


def test_jsonl_takes_a_list_one_text_or_none(tmp_path: Path) -> None:
    lines = [
        {"question": "하나?", "gold": ["가", "나", "가 ", ""], "answer": "답", "id": 7},
        {"question": "둘?", "gold": "다"},
        {"question": "셋?", "gold": [], "answer": None},
        {"question": "넷?", "gold": None},
        {"question": "다섯?", "gold": " "},
    ]
    text = "\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    assert read_questions(written(tmp_path / "q.jsonl", text)).items == (
        Question("하나?", ("가", "나"), "답", 1),
        Question("둘?", ("다",), "", 3),
        Question("셋?", (), "", 5),
        Question("넷?", (), "", 7),
        Question("다섯?", (), "", 9),
    )


def test_jsonl_lines_end_at_line_feeds_alone(tmp_path: Path) -> None:
    text = '{"question": "하나\u2028둘?", "gold": "가"}\r\n{"question": " ", "gold": "나"}\n'
    questions = read_questions(written(tmp_path / "q.jsonl", text))
    assert [question.row for question in questions.items] == [1]
    assert [problem.row for problem in questions.problems] == [2]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("{'question': 1}", ["JSON"]),
        ('{"ask": "왜?", "gold": []}', ["찾은 키: ask, gold", "question, gold, answer"]),
        ('{"질문": "왜?", "제시문": 3}', ["제시문(배열)", "찾은 키: 질문, 제시문"]),
        ('{"question": "왜?"}', ["gold(배열)", "찾은 키: question"]),
        ('{"question": "왜?", "gold": [1]}', ["문자열이 아닌 값"]),
        ('{"question": "왜?", "gold": [], "answer": 3}', ["answer(문자열)"]),
        ('"왜?"', ["객체가 아님"]),
    ],
)
def test_a_bad_line_says_its_number_and_what_is_expected(tmp_path: Path, line: str, parts: list[str]) -> None:
    path = written(tmp_path / "q.jsonl", '{"question": "왜?", "gold": []}\n' + line)
    with pytest.raises(BadFile) as error:
        read_questions(path)
    assert all(part in str(error.value) for part in ["q.jsonl 2번째 줄", *parts])


def test_a_file_that_asks_nothing_is_an_error_with_its_problems(tmp_path: Path) -> None:
    path = written(tmp_path / "q.csv", "질문,제시문\n누가?,#N/A\n,본문이다.\n")
    with pytest.raises(BadFile, match=r"q\.csv: 질문이 없습니다.*2행.*#N/A"):
        read_questions(path)


def test_unknown_suffixes_list_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as error:
        read_questions(written(tmp_path / "q.pdf", ""))
    assert all(suffix in str(error.value) for suffix in READERS)


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_a_file_that_is_not_there(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(BadFile, match="질문 파일이 없습니다"):
        read_questions(tmp_path / f"q{suffix}")


def test_keys_may_be_called_as_the_columns_of_a_sheet(tmp_path: Path) -> None:
    records = [
        {"질문": "수수료는?", "제시문": "수수료는 천 원이다.", "답변": "천 원", "출처": "안내"},
        {"답 변": None, "본문": ["가", "나"], "Question": "둘?"},
        {"질문": "빈 것?", "제시문": ""},
    ]
    wanted = [("수수료는?", ("수수료는 천 원이다.",), "천 원"), ("둘?", ("가", "나"), ""), ("빈 것?", (), "")]
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    for name, content in (("q.jsonl", lines), ("q.json", json.dumps(records))):
        found = read_questions(written(tmp_path / name, content))
        assert [(q.question, q.gold, q.answer) for q in found.items] == wanted
        assert found.corpus is None


def test_a_list_without_some_questions_says_which(tmp_path: Path) -> None:
    content = json.dumps([{"question": " ", "gold": "가"}, {"question": "왜?", "gold": "가", "질문": "아니"}])
    found = read_questions(written(tmp_path / "q.json", content))
    assert [q.question for q in found.items] == ["왜?"]
    assert "[0]" in found.problems[0].reason


def test_rows_with_one_question_share_their_passages_each_with_its_own_first(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text("질문,제시문,답변\n한도는?,가 글,1\n다른 것?,다 글,2\n한도는 ?,나 글,3\n답 없음?,,\n", "utf-8")
    found = read_questions(file).items
    assert [one.gold for one in found] == [("가 글", "나 글"), ("다 글",), ("나 글", "가 글"), ()]
    assert [(one.answer, one.row) for one in found] == [("1", 2), ("2", 3), ("3", 4), ("", 5)]


def test_several_columns_of_passages_hold_several_right_ones(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text(
        "질문,제시문1,제시문 (2),제시문(요약),답변\n한도는?,가 글,나 글,요약 글,1\n또?,다 글,,,2\n", "utf-8"
    )
    assert [one.gold for one in read_questions(file).items] == [("가 글", "나 글"), ("다 글",)]


def test_one_question_on_two_paragraphs_of_squad_has_both(tmp_path: Path) -> None:
    qa = {"question": "감독은 누구?", "answers": [{"text": "가"}]}
    paragraphs = [{"context": f"{n} 문단", "qas": [qa]} for n in "가나"]
    file = tmp_path / "q.json"
    file.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), "utf-8")
    assert [one.gold for one in read_questions(file).items] == [("가 문단", "나 문단"), ("나 문단", "가 문단")]
