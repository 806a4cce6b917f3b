import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.evaluation.answer_metrics import chrf, morpheme_f1, rouge

SAID, MEANT = "연차는 2년이 지나면 소멸합니다.", "연차는 2년 뒤 소멸합니다."
# The units, not the letters, are what these properties are about, so an alphabet of a few is enough.
sentences = st.lists(st.sampled_from("관세 면세 한도 신고 는 를 150 달러 FTA".split()), max_size=8).map(" ".join)


def test_morpheme_f1_by_hand() -> None:
    # 연차 2 년 지나 소멸 and 연차 2 년 뒤 소멸: four of five are the same
    precision = recall = 4 / 5
    assert morpheme_f1(SAID, MEANT) == pytest.approx(2 * precision * recall / (precision + recall))


def test_particles_and_endings_do_not_count_but_repeats_do() -> None:
    assert morpheme_f1("관세를 냈다", "관세는 내고") == 1.0
    assert morpheme_f1("관세 관세", "관세") == pytest.approx(2 * (1 / 2) * (1 / 1) / (1 / 2 + 1 / 1))
    assert morpheme_f1("부산", "서울") == morpheme_f1("", "서울") == morpheme_f1("", "") == 0.0


def test_chrf_by_hand() -> None:
    # 서울 against 서울특별시: of 1-grams 2/2 and 2/5, of 2-grams 1/1 and 1/4, and no longer ones
    precision, recall = (2 / 2 + 1 / 1) / 2, (2 / 5 + 1 / 4) / 2
    assert chrf("서울", "서울특별시") == pytest.approx(5 * precision * recall / (4 * precision + recall))


@pytest.mark.parametrize(
    ("said", "meant", "figure"),
    [
        ("연차는 2년이 지나면 소멸합니다.", "연차는 2년 뒤 소멸합니다.", 0.5518828977726203),
        ("면세 한도는 150달러입니다.", "해외직구 면세 한도는 미화 150달러까지입니다.", 0.34962599889401813),
        ("서울", "서울특별시", 0.37572254335260113),
        ("모릅니다", "관세는 세관에 냅니다.", 0.08892276422764227),
        ("같은 말", "같은말", 1.0),
        ("FTA 원산지증명서를 제출하세요", "원산지증명서(FTA)를 내야 합니다", 0.3098645781359473),
    ],
)
def test_chrf_is_that_of_sacrebleu(said: str, meant: str, figure: float) -> None:
    # sacrebleu 2.x, CHRF().sentence_score(said, [meant]).score / 100
    assert chrf(said, meant) == pytest.approx(figure, abs=1e-12)


def test_rouge_by_hand() -> None:
    # 연차 는 2 년 이 지나 면 소멸 하 ㅂ니다 (10 morphemes, 9 pairs), 연차 는 2 년 뒤 소멸 하 ㅂ니다 (8, 7)
    one, two, longest = rouge(SAID, MEANT)
    assert one == pytest.approx(2 * 7 / (10 + 8))
    assert two == pytest.approx(2 * 5 / (9 + 7))
    assert longest == pytest.approx(2 * 7 / (10 + 8))


def test_rouge_l_follows_the_order_of_words_and_rouge_1_does_not() -> None:
    turned = rouge("신고하고 관세", "관세 신고하고")  # 신고 하 고 관세, 관세 신고 하 고
    assert turned.one == 1.0
    assert turned.longest == pytest.approx(2 * 3 / (4 + 4))


def test_punctuation_and_letter_case_do_not_count() -> None:
    assert rouge("「FTA」 관세.", "fta, 관세") == (1.0, 1.0, 1.0)


def test_decomposed_hangul_is_the_same_answer() -> None:
    decomposed = "\u1100\u116a\u11ab\u1109\u1166"  # 관세
    assert chrf(decomposed, "관세") == morpheme_f1(decomposed, "관세") == rouge(decomposed, "관세").one == 1.0


@given(sentences, sentences)
def test_every_figure_is_a_share_and_one_for_the_same_text(said: str, meant: str) -> None:
    figures = [morpheme_f1(said, meant), chrf(said, meant), *rouge(said, meant)]
    assert all(0.0 <= figure <= 1.0 + 1e-12 for figure in figures)
    assert morpheme_f1(said, meant) == morpheme_f1(meant, said)
    if said:
        assert chrf(said, said) == pytest.approx(1.0)
        assert rouge(said, said).longest == 1.0


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_is_refused(said: str, meant: str) -> None:
    assert 0.0 <= chrf(said, meant) <= 1.0 + 1e-12
    assert 0.0 <= rouge(said, meant).longest <= rouge(said, meant).one <= 1.0
