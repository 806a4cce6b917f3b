"""What `mundap doctor` found, for a reader: the state first, then what there is, then the settings, changed ones first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mundap.workflows.doctor import SegmentShare

_SECTIONS = {
    "상태": ("index", "encoder", "generator", "record", "disk", "damaged", "access", "copies"),
    "문서": ("documents", "passages", "segments"),
    "설치": ("mundap", "python", "workspace", "extras"),
}
_OTHERS = "기타"  # fields that no section names


def sections(
    report: Mapping[str, object], segments: Sequence[SegmentShare], settings: Sequence[Mapping[str, object]]
) -> Iterator[str]:
    """The lines. `settings` are rows of key, value and where it is from."""
    named = {key for keys in _SECTIONS.values() for key in keys}
    every = {**_SECTIONS, _OTHERS: tuple(key for key in report if key not in named)}
    for title, keys in every.items():
        found = [key for key in keys if key in report]
        if found:
            yield from _headed(title, [line for key in found for line in _told(key, report[key], segments)])
    changed = [row for row in settings if row["from"] != "default"]
    rest = [row for row in settings if row["from"] == "default"]
    yield from _headed("변경한 설정", [_setting(row) for row in changed])
    yield from _headed("기본값인 설정", [_setting(row) for row in rest])


def _headed(title: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"── {title}"
    yield from lines
    yield ""


def _told(key: str, value: object, segments: Sequence[SegmentShare]) -> Iterator[str]:
    if key == "segments":
        yield "segments:"
        for one in segments:
            yield (
                f"  {one.name}: 문단 {one.rows}개, 삭제 {one.deleted:.0%}, {one.megabytes:.1f} MB,"
                f" 벡터 재현율@100 {one.recall:.3f}"
            )
    elif key == "extras" and isinstance(value, dict):
        missing = [name for name, there in value.items() if not there]
        yield f"extras: {', '.join(name for name, there in value.items() if there)}"
        if missing:
            yield f"  설치되지 않음: {', '.join(missing)}"
    elif isinstance(value, list | tuple):
        yield f"{key}: {', '.join(map(str, value)) or 'ok'}"
    else:
        yield f"{key}: {value}"


def _setting(row: Mapping[str, object]) -> str:
    return f"{row['key']} = {row['value']!r}  ({row['from']})"
