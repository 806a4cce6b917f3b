"""A question about one row of a long table is answered with that row and its header, not with its neighbours."""

from __future__ import annotations

from pathlib import Path

from mundap.generate.extractive import Extractive
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Cell, Parsed, Table
from mundap.ingest.split import parents
from mundap.types import Hit

ROWS = [("번호", "품명", "장소"), *((str(n), f"비품 {n}호", f"제{n % 3 + 1}창고") for n in range(1, 41))]


def test_one_row_of_a_long_table() -> None:
    table = Table(tuple(tuple(map(Cell, row)) for row in ROWS), header=1)
    (whole, *_) = parents(assemble(Parsed((table,)), Path("대장.pdf"), "대장.pdf").document)
    answer = Extractive(min_support=0).answer("비품 27호는 어느 창고에 있나요?", [Hit(whole, 5.0, 1)])
    assert answer.text == "번호: 27, 품명: 비품 27호, 장소: 제1창고 [1]"
    assert [citation.quote for citation in answer.citations] == ["| 27 | 비품 27호 | 제1창고 |"]
