"""A new workspace: its folder, its mundap.toml with what people change first, and sample documents if they want them."""

from __future__ import annotations

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from mundap.config import FILE
from mundap.errors import MundapError, UnknownName

EXAMPLES = ("customs-mini",)
_TEMPLATE = """\
# 문답 작업 폴더의 설정. 모든 값에는 기본값이 있습니다. 현재 값과 출처 확인: mundap doctor
language = "ko"

[ingest]
paths = ["docs"]          # 읽을 파일과 폴더 (hwp, hwpx, pdf, docx, html, xlsx, csv, tsv, txt, md)
# chunk_chars = 300       # 청크(임베딩 단위) 하나의 글자 수
# chunking = "structure"  # 제목과 문장 경계에서 나눔. 다른 방식: fixed, window, whole

[index]
# encoder = "e5-small"    # 기본 임베딩. 인터넷 없이 동작
{dictionary}user_dictionary = "user_dictionary.txt"   # 한 줄에 '단어<탭>NNP'

[retrieve]
# legs = ["bm25", "dense"]
k = 5                     # 답변을 만들 때 참고하는 문단 수

[generate]
generator = "extractive"  # 또는 "gguf:models/my.gguf", "openai:http://127.0.0.1:11434/v1#qwen3"
# persona = "이름"        # 페르소나: personas/이름.toml
# min_support = 0.43      # 근거 점수가 이보다 낮으면 답변을 보류합니다 (0-1)
"""


def make(folder: Path, example: str | None = None) -> Path:
    """Make `folder` a workspace; its mundap.toml. Raises UnknownName for an example that is not one of EXAMPLES, and
    MundapError for a workspace that is there and for a folder that cannot be made.
    """
    if example is not None and example not in EXAMPLES:
        raise UnknownName("example", example, EXAMPLES)
    settings = folder / FILE
    if settings.exists():
        raise MundapError(f"{folder}: 이미 작업 폴더입니다. 다른 폴더를 지정하거나 {FILE}을 수정하세요.")
    try:
        (folder / "docs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MundapError(f"{folder}: 폴더를 만들 수 없습니다({error.strerror}). 다른 경로를 지정하세요.") from error
    if example is not None:
        with as_file(files("mundap") / "examples" / example) as source:
            shutil.copytree(source, folder, dirs_exist_ok=True)
    settings.write_text(_TEMPLATE.format(dictionary="" if example else "# "), "utf-8")
    return settings
