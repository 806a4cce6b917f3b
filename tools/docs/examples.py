"""The scripts and notebooks of examples/ as they stand, so that their page cannot lag behind."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path


def markdown(folder: Path) -> str:
    """A section for each; `folder` holds the examples."""
    parts = [_script(path) for path in sorted(folder.glob("*.py"))]
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
        deeper = re.sub(r"^#", "###", text, flags=re.MULTILINE)
        parts.append(f"\n{deeper}\n" if cell["cell_type"] == "markdown" else f"\n```python\n{text}\n```\n")
    return "".join(parts)
