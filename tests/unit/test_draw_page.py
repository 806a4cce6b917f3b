"""Quotes found on a page of a PDF, and the page as a picture."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest

from mundap.serve.page.draw_page import draw, letters, lines, png, spans


def test_a_quote_is_found_whatever_its_white_space_and_markdown() -> None:
    page = letters("제1조(목적) 이 규정은 연차를 정한다. 연차는 15일이다.")
    [(start, end)] = spans(page, ["연차는\n 15일이다."])
    assert page[start:end] == "연차는15일이다."
    assert list(spans(page, ["병가는 60일이다."])) == []


def test_of_a_quote_that_is_not_there_as_a_whole_its_cells_are_found() -> None:
    page = letters("구역 요금 지하 주차장 첫째 층은 삼십 분마다 천 원을 받습니다")
    found = [
        page[start:end] for start, end in spans(page, ["| 지하 주차장 첫째 층은 | 없는 칸 | 삼십 분마다 천 원을 |"])
    ]
    assert found == ["지하주차장첫째층은", "삼십분마다천원을"]


def test_boxes_of_letters_become_boxes_of_lines() -> None:
    row = [(float(x), 100.0, x + 9.0, 112.0) for x in range(0, 50, 10)]
    below = [(0.0, 80.0, 9.0, 92.0)]
    assert lines([*row, *below]) == [(0.0, 100.0, 49.0, 112.0), (0.0, 80.0, 9.0, 92.0)]


def test_a_picture_is_what_it_was_made_of() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    made = png(pixels)
    start = made.index(b"IDAT") + 4
    size = int.from_bytes(made[start - 8 : start - 4], "big")
    rows = np.frombuffer(zlib.decompress(made[start : start + size]), np.uint8).reshape(2, 10)
    assert (rows[:, 0] == 0).all()
    assert (rows[:, 1:].reshape(2, 3, 3) == pixels).all()


def test_the_page_with_the_quote_is_drawn_and_the_quote_is_yellow(tmp_path: Path) -> None:
    canvas = pytest.importorskip("reportlab.pdfgen.canvas")
    pytest.importorskip("pypdfium2")
    path = tmp_path / "two.pdf"
    page = canvas.Canvas(str(path))
    for text in ("Parking is free.", "The lobby opens at seven."):
        page.drawString(72, 700, text)
        page.showPage()
    page.save()
    number, first, picture = draw(str(path), 1, ["lobby opens"])
    assert number == 2
    assert 0.1 < first < 0.2  # 700 points up of A4's 842
    plain = draw(str(path), 2, [])
    assert plain[:2] == (2, 0.0)
    assert plain[2] != picture
    with pytest.raises(ValueError, match="no page 3"):
        draw(str(path), 3, [])
