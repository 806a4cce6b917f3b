"""The page of examples/: each script and notebook as it stands, so that the page cannot lag behind."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from tools.docs.page import front_matter


def markdown(folder: Path) -> str:
    """The whole page; `folder` holds the examples."""
    head = front_matter(
        lang="ko",
        summary="Scripts and notebooks of the folder examples/, as they stand; each is run by the tests.",
    )
    parts = [head, "# 예제\n\n`examples/` 폴더의 스크립트와 노트북입니다. 모두 시험에서 실제로 돌립니다.\n"]
    parts += [_script(path) for path in sorted(folder.glob("*.py"))]
    parts += [_notebook(path) for path in sorted(folder.glob("*.ipynb"))]
    return "".join(parts)


def _script(path: Path) -> str:
    text = path.read_text("utf-8")
    about = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    return f"\n## {path.name}\n\n{about}\n\n```python\n{text.rstrip()}\n```\n"


def _notebook(path: Path) -> str:
    parts = [f"\n## {path.name}\n"]
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"]).strip()
        deeper = text.replace("# ", "### ", 1) if text.startswith("# ") else text
        parts.append(f"\n{deeper}\n" if cell["cell_type"] == "markdown" else f"\n```python\n{text}\n```\n")
    return "".join(parts)
