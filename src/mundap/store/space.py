"""How much room a disk has left, and the warning before there is none."""

from __future__ import annotations

import os
from pathlib import Path

_MEGABYTE = 1 << 20


def free(path: Path) -> int:
    """Bytes that are left where `path` is, or will be; -1 if that is not known."""
    try:
        found = os.statvfs(path if path.exists() else path.parent)
    except OSError:
        return -1
    return found.f_bavail * found.f_frsize


def low(path: Path, least_mb: int) -> str:
    """What to do about a disk with less than `least_mb` megabytes of room; "" if it has more, or that is not known."""
    left = free(path)
    if left < 0 or left >= least_mb * _MEGABYTE:
        return ""
    return (
        f"{path}: 디스크에 남은 공간이 {left / _MEGABYTE:,.0f}MB로 적습니다(기준 {least_mb:,}MB)."
        " 가득 차기 전에 공간을 비우세요. 삭제한 문서의 자리를 돌려받으려면: mundap compact"
    )
