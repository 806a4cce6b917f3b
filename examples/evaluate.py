"""내 질문 파일로 검색 방법과 직접 만든 조합을 비교합니다. (Compares ways of searching on your own question file.)

python examples/evaluate.py mybot mybot/questions.csv --limit 50

질문 파일에는 질문과 제시문 열이 있어야 합니다. 직접 만든 조합이 없으면 md.evaluate.retrieval(bot, "questions.csv")이나 mundap evaluate retrieval을 사용합니다.
"""

import argparse
from functools import partial
from pathlib import Path

import mundap as md
from mundap.evaluation.questions import read_questions
from mundap.evaluation.retrieval import evaluate_retrieval
from mundap.korean.normalize import squash

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workspace", help="작업 폴더")
parser.add_argument("questions", type=Path, help="질문 파일")
parser.add_argument("--limit", type=int, help="사용할 질문 수(앞에서부터)")
given = parser.parse_args()

bot = md.Mundap.open(given.workspace)
questions = read_questions(given.questions).items[: given.limit]
passages = bot.corpus.all_passages()
by_hand = md.Hybrid(md.BM25(passages), md.Dense(passages, encoder=md.HashedEncoder()))  # any combination of parts

ways = {leg: partial(bot.search, leg=leg) for leg in ("bm25", "dense", "hybrid")} | {"by hand": by_hand.search}
whole = {squash(passage.text) for passage in passages if passage.parent_id == passage.id}
report = evaluate_retrieval(questions, ways, whole)
print(f"질문 {report.n}개, 문단 {report.corpus}개")
for name, leg in report.legs.items():
    print(f"{name:8} top-1 {leg.figures['top1']}  MRR@10 {leg.figures['mrr@10'].mean:.3f}")
