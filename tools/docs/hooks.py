"""What mkdocs asks while it builds the site: pages made of the code, indexes, heads, and links out of docs/."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from tools.docs import command_line, entries, examples, http, settings
from tools.docs.page import headed

ROOT = Path(__file__).parents[2]
# Pages of the site that lie elsewhere in the project.
ELSEWHERE = {
    "benchmarks.md": "benchmarks/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
ABOUT = {  # their heads: on GitHub they stand without front matter
    "benchmarks.md": "속도, 품질, 메모리의 측정 결과와 재현 방법입니다.",
    "contributing.md": "개발에 참여하는 방법입니다: 명령, 규칙, 새 결정과 실험을 기록하는 곳.",
    "changelog.md": "버전별로 사용자에게 영향을 주는 변경 사항입니다.",
}
MADE: dict[str, Callable[[], str]] = {  # what stands below the text of a page, made of the code or of other pages
    "decisions/index.md": lambda: entries.decisions(ROOT / "docs" / "decisions"),
    "examples.md": lambda: examples.markdown(ROOT / "examples"),
    "experiments/index.md": lambda: entries.experiments(ROOT / "docs" / "experiments"),
    "reference/cli.md": command_line.markdown,
    "reference/config.md": settings.markdown,
    "reference/http.md": lambda: http.markdown(http.schema()),
}
_LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies beside docs/."""
    for name, path in ELSEWHERE.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files, **_: Any) -> str:
    """The page with its summary, what is made of the code, and its links as the site has them."""
    name = page.file.src_uri
    made = MADE[name]() if name in MADE else ""
    markdown = _LINK.sub(lambda link: _to_page(link[1], name), markdown)
    meta = {"lang": "en", "summary": ABOUT[name]} if name in ABOUT else page.meta
    return headed(markdown + made, meta)


def _to_page(link: str, name: str) -> str:
    """A link of the page `name` as it lies in the project, to where its target lies in the site."""
    source = ELSEWHERE.get(name, f"docs/{name}")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link))
    there = {path: page for page, path in ELSEWHERE.items()} | {
        "examples/README.md": "examples.md",
        "README.md": "index.md",
    }
    found = there.get(target, target.removeprefix("docs/") if target.startswith("docs/") else None)
    return posixpath.relpath(found, posixpath.dirname(name) or ".") if found else link
