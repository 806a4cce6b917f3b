"""폴더 하나를 작업 폴더로 만들어 바로 검색합니다. (Makes a workspace of a folder of documents, and searches it.)

python examples/ingest_and_search.py 규정집 "연차는 언제 소멸하나요?" --workspace 규정봇
"""

import argparse
import json
from pathlib import Path

import mundap as md

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("documents", type=Path, help="문서가 있는 폴더")
parser.add_argument("question", help="질문")
parser.add_argument(
    "--workspace", type=Path, required=True, help="만들 작업 폴더. 이미 있으면 변경된 문서만 다시 계산합니다"
)
given = parser.parse_args()

settings = given.workspace / "mundap.toml"
if not settings.exists():
    given.workspace.mkdir(parents=True, exist_ok=True)
    paths = json.dumps([str(given.documents.resolve())], ensure_ascii=False)
    settings.write_text(f"[ingest]\npaths = {paths}\n", "utf-8")

bot = md.Mundap.open(given.workspace)
ingested = bot.ingest()
print(
    f"문서 {ingested.documents}개, 문단 {ingested.passages}개 (추가 {ingested.added}, 변경 없음 {ingested.unchanged})"
)
for skipped in ingested.skipped:
    print(f"건너뜀: {skipped.file}: {skipped.reason}")
bot.index()

for hit in bot.search(given.question, k=3):
    print(f"{hit.rank}. {hit.passage.source or hit.passage.heading} {dict(hit.origins)}\n   {hit.passage.text[:100]}")
