"""Passwords of sources: from environment variables or files, never from mundap.toml, and never in a message."""

from __future__ import annotations

import os
from pathlib import Path

from mundap.errors import ConfigError


def from_environment(name: str, what: str) -> str:
    """The variable's value. Raises ConfigError if it is not set."""
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(f"{what}: 환경 변수 {name}이(가) 설정되지 않았습니다.")
    return value


def password(variable: str, file: str, root: Path, what: str) -> str:
    """The password in an environment variable, or in a file relative to `root`; "" if neither is named. Raises ConfigError."""
    if variable:
        return from_environment(variable, what)
    if not file:
        return ""
    path = root / file
    try:
        return path.read_text("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{what}: 비밀번호 파일 {path}을(를) 읽을 수 없습니다.") from error
