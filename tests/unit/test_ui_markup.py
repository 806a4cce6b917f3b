"""What documents say is shown as they say it, and is never markup of the page."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from mundap.ui.markup import chunked, marked, plain, sandboxed, shown
from mundap.ui.texts import _TEXTS, text

letters = st.text(st.sampled_from("가나 \n<>&\"'ab[]*_~$`\\:!"), max_size=30)


def test_quotes_are_marked_over_line_breaks_and_once_where_they_overlap() -> None:
    assert marked("가나\n다라 마바", ["나 다라", "다라 마"]) == "가<mark>나\n다라</mark><mark> 마</mark>바"
    assert marked("한도는 800달러. 한도는", ["없는 말"]) == "한도는 800달러. 한도는"
    assert marked("가나 가나", ["가나"]) == "<mark>가나</mark> <mark>가나</mark>"


@given(letters, st.lists(letters, max_size=3))
def test_marking_adds_marks_and_nothing_else(source: str, quotes: list[str]) -> None:
    made = marked(source, quotes)
    assert html.unescape(re.sub("</?mark>", "", made)) == source
    assert "<" not in re.sub("</?mark>", "", made)


def test_a_quote_that_stands_in_its_passage_is_marked() -> None:
    assert "<mark>&lt;b&gt; &amp; 나</mark>" in marked("가 <b> & 나 다", ["<b>&나"])


def test_an_answer_keeps_its_money_ranges_and_lines() -> None:
    assert shown("$5~$9\n<b>!") == "\\$5\\~\\$9  \n\\<b>!"
    assert shown("| 가 | 나 |") == "| 가 | 나 |"
    assert shown("![x](http://a)").startswith("\\![")
    assert shown(":red[가] 10:30 :smile:") == "\\:red[가] 10:30 \\:smile:"


@given(letters)
def test_plain_text_is_one_line_without_markup(source: str) -> None:
    made = plain(source)
    assert re.sub(r"\\(.)", r"\1", made) == " ".join(source.split())
    assert not re.search(r"[^\w ]", re.sub(r"\\.", "", made))


def test_a_report_is_shut_into_its_frame() -> None:
    made = sandboxed("<script>a</script>\"'", '"x')
    assert 'sandbox=""' in made
    assert "<script>" not in made
    assert made.count("<") == 2  # the frame and its end


def test_a_passage_shows_where_its_chunks_begin_and_nothing_in_it_is_markup() -> None:
    made = chunked("<가>나다", [(0, 3), (3, 4), (4, 5)])
    assert html.unescape(re.sub("<[^&]*?>", "", made)) == "<가>|나|다"
    assert "<가>" not in made


def test_every_text_takes_the_same_values_in_both_languages() -> None:
    for key, both in _TEXTS.items():
        korean, english = (set(re.findall(r"\{(\w+)\}", one)) for one in both)
        assert korean == english, key
        assert re.search("[가-힣]", both[0]), key
        assert not re.search("[가-힣]", both[1]), key
    assert text("total", "en", total=3) == "Documents: 3"
