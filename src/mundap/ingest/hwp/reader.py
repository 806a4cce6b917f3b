"""HWP 5, HWPX and HWPML, told apart by what they hold. Locked-for-distribution (배포용) files give their text."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mundap.errors import BadFile
from mundap.ingest.assemble import assemble
from mundap.ingest.blocks import Block, Parsed, Table
from mundap.ingest.build import Reading
from mundap.ingest.hwp.flow import TooDeep, finished
from mundap.ingest.hwp.hwp5 import read_hwp5
from mundap.ingest.hwp.hwpx import read_hwpml, read_hwpx
from mundap.ingest.hwp.parts import Broken, Found, Locked, NoView, Protected, TooLarge
from mundap.ingest.hwp.title import title_of
from mundap.ingest.office.naming import KOREA
from mundap.korean.normalize import squash

_OLE, _ZIP, _OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04", b"HWP Document File V"
_NOTICE = re.compile(r"배포용\s?문서(?:입니다|로)|상위\s?버전의\s?배포용")
_NOTICE_CHARS = 400  # a longer text only speaks of such documents
_HEAD = 2000  # characters in which a title that is meant stands
_SHORTEST_TITLE = 4
_STAMP = re.compile(r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})")
_DAY = re.compile(r"(\d{4})\s?[년.-]\s?(\d{1,2})\s?[월.-]\s?(\d{1,2})")


def read_hwp(path: Path, source: str) -> Reading:
    """A document of HWP. Raises BadFile for an encrypted, protected or broken one."""
    return assemble(parse(path), path, source)


def parse(path: Path) -> Parsed:
    """The blocks of a document of HWP, without its pictures. Raises BadFile; OSError if it cannot be opened."""
    try:
        found = _read(path.read_bytes())
        blocks = finished(found.pieces, found.story)
    except Locked as error:
        raise BadFile(f"{path.name}: 암호가 걸린 한글 문서입니다. 한/글에서 암호를 풀어 다시 저장하세요.") from error
    except Protected as error:
        raise BadFile(
            f"{path.name}: 문서 보안(DRM)이 걸려 있습니다. 보안을 풀거나 '다른 이름으로 저장'에서 HWPX로 저장하세요."
        ) from error
    except NoView as error:
        raise _locked(path) from error
    except (TooLarge, TooDeep, RecursionError) as error:
        raise BadFile(
            f"{path.name}: 내용이 너무 크거나 중첩이 깊어 읽지 않았습니다. 신뢰할 수 있는 문서면 한/글에서 열어 나누어"
            " 저장하세요."
        ) from error
    except Broken as error:
        raise BadFile(
            f"{path.name}: 한글 문서로 읽을 수 없습니다({error}). 파일이 손상되었다면 원본을 다시 복사하고, 한/글에서"
            " 열린다면 HWPX로 다시 저장하세요."
        ) from error
    text = squash("".join(_texts(blocks)))
    if len(text) < _NOTICE_CHARS and _NOTICE.search(" ".join(_texts(blocks))):
        raise _locked(path)
    title = _title(found.title, text) or title_of(found.pieces, found.story.sizes)
    return Parsed(blocks, title, _date(found.dates), warnings=_warnings(found, bool(text)))


def _read(raw: bytes) -> Found:
    if raw.startswith(_OLE):
        return read_hwp5(raw)
    if raw.startswith(_ZIP):
        return read_hwpx(raw)
    if raw.startswith(_OLD):
        raise Broken("한/글 3.0 이하의 형식")
    return read_hwpml(raw)


def _locked(path: Path) -> BadFile:
    return BadFile(
        f"{path.name}: 배포용으로 잠긴 문서라 내용을 읽을 수 없습니다. 배포용을 풀거나 '다른 이름으로 저장'에서 HWPX로"
        " 저장하세요."
    )


def _texts(blocks: tuple[Block, ...]) -> list[str]:
    return [
        text
        for block in blocks
        for text in ([c.text for row in block.rows for c in row] if isinstance(block, Table) else [block.text])
    ]


def _title(said: str, text: str) -> str:
    """The title that the file says it has, if the document shows it: most are of the file that it was made from."""
    title = squash(said)
    return said.strip() if len(title) >= _SHORTEST_TITLE and title in text[:_HEAD] else ""


def _date(said: tuple[str, ...]) -> str:
    """The first date that is one, in Korea: stamps are in UTC."""
    now = datetime.now(UTC)
    for text in said:
        try:
            if found := _STAMP.match(text):
                year, month, day, hour, minute = map(int, found.groups())
                when = datetime(year, month, day, hour, minute, tzinfo=UTC).astimezone(KOREA)
            elif found := _DAY.search(text):
                year, month, day = map(int, found.groups())
                when = datetime(year, month, day, tzinfo=KOREA)
            else:
                continue
        except (ValueError, OverflowError):
            continue
        if when.year >= 1990 and when <= now + timedelta(days=1):
            return when.date().isoformat()
    return ""


def _warnings(found: Found, text: bool) -> tuple[str, ...]:
    lost = [f"{what} {count}개" for what, count in sorted(found.story.lost.items()) if count]
    return (
        *(
            f"본문 {n}구역이 손상되어 읽을 수 있는 부분까지만 추가했습니다. 원본을 다시 복사하세요."
            for n in found.broken
        ),
        *([f"텍스트로 읽지 못한 항목: {', '.join(lost)}."] if lost and text else []),
    )
