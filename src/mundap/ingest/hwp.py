"""HWP 5, HWPX and HWPML, through hwp2markdown. Locked-for-distribution (배포용) files give their text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from mundap.errors import BadFile
from mundap.extras import need
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Cell, Heading, Paragraph, Parsed, Table
from mundap.ingest.build import Reading

# Stand in places that a merged cell covers, since the library leaves those empty like any empty cell.
_LEFT, _ABOVE = "\ue0f0", "\ue0f1"
_NOTICE = re.compile(r"상위 버전의 배포용 문서입니다|배포용 문서입니다")


def read_hwp(path: Path, source: str) -> Reading:
    """A document of HWP. Raises BadFile for an encrypted, protected or broken one."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of a document of HWP, without its pictures."""
    errors = need("hwp2md.errors", "docs")
    try:
        found = _library().read_blocks(path)
    except errors.EncryptedDocumentError as error:
        raise BadFile(f"{path.name}: 암호가 걸린 한글 문서입니다. 한/글에서 암호를 풀어 다시 저장해 주세요.") from error
    except errors.DrmProtectedError as error:
        raise BadFile(f"{path.name}: 문서 보안(DRM)이 걸려 있습니다. 보안을 풀어 다시 저장해 주세요.") from error
    except MemoryError:
        raise
    except Exception as error:  # a broken file can make the library raise anything: struct.error, zlib.error, KeyError
        raise BadFile(
            f"{path.name}: 한글 문서로 읽을 수 없습니다({type(error).__name__}). 한/글에서 열어 HWPX로 다시 저장해 주세요."
        ) from error
    blocks = tuple(block for each in found for block in _block(each))
    if sum(len(b.text) for b in blocks if not isinstance(b, Table)) < 400 and any(
        _NOTICE.search(b.text) for b in blocks if not isinstance(b, Table)
    ):
        raise BadFile(f"{path.name}: 배포용 문서라 글을 읽을 수 없습니다. 배포용을 풀고 다시 저장해 주세요.")
    return Parsed(blocks)


def _block(block: Any) -> Iterator[Block]:
    """What a block of the library is here; a picture is nothing."""
    kind = type(block).__name__
    if kind == "Table":
        yield _table([[str(cell) for cell in row] for row in block.rows])
    elif kind == "Note":
        text = " ".join(paragraph.text for paragraph in block.paragraphs)
        yield Paragraph(f"{'주' if block.kind == 'footnote' else '미주'} {block.number}) {text}")
    elif kind == "Paragraph":
        if block.level:
            yield Heading(block.text, block.level)
        else:
            yield Paragraph(f"{_label(block.list_info)}{block.text}")


def _label(info: Any) -> str:
    """What stands before an item of a list."""
    if info is None:
        return ""
    return f"{info.label} " if info.label else "• "


def _table(rows: Sequence[Sequence[str]]) -> Table:
    """Cells with the places that they cover, told by the marks."""
    return Table(tuple(tuple(_cells(rows, y)) for y in range(len(rows))))


def _cells(rows: Sequence[Sequence[str]], y: int) -> Iterator[Cell]:
    for x, text in enumerate(rows[y]):
        if text in (_LEFT, _ABOVE):
            continue
        across = down = 1
        while x + across < len(rows[y]) and rows[y][x + across] == _LEFT:
            across += 1
        while y + down < len(rows) and rows[y + down][x] == _ABOVE:
            down += 1
        yield Cell(text, down, across)


@cache
def _library() -> Any:
    """hwp2markdown, made to tell which places of a table are covered: it knows, but does not pass it on."""
    five: Any = need("hwp2md.hwp5.body", "docs")
    x: Any = need("hwp2md.hwpx.body", "docs")
    five._place_cells = _marking(five._place_cells, lambda header, cells: [cell for cell, _ in cells], list)
    x._place_grid = _marking(x._place_grid, lambda rows, cols, cells, values, fill: cells, tuple)
    return need("hwp2md.convert", "docs")


def _marking(
    place: Callable[..., Any], cells_of: Callable[..., Sequence[Any]], content: Callable[[list[str]], Any]
) -> Callable[..., Any]:
    """`place`, with a mark in each empty place of its grid that a cell covers."""

    def placed(*given: Any) -> Any:
        grid = place(*given)
        for cell in cells_of(*given):
            for y in range(cell.row, min(cell.row + max(cell.row_span, 1), len(grid))):
                for x in range(cell.col, min(cell.col + max(cell.col_span, 1), len(grid[y]))):
                    if (y, x) != (cell.row, cell.col) and not grid[y][x]:
                        # The rows below the first are reached from above at the first column, then from the left.
                        grid[y][x] = content([_ABOVE if x == cell.col else _LEFT])
        return grid

    return placed
