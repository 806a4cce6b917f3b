"""작업 폴더에 질문하고 답변과 인용을 확인합니다. (Asks a workspace, and shows the answer with its quotes.)

python examples/ask.py mybot "해외직구 면세 한도가 얼마인가요?"
"""

import argparse

import mundap as md
from mundap.types import Answer

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workspace", help="작업 폴더")
parser.add_argument("question", help="질문")
given = parser.parse_args()

bot = md.Mundap.open(given.workspace)
for piece in bot.stream(given.question):  # pieces of text, and then the Answer
    if isinstance(piece, Answer):
        print()
        if piece.abstained:
            print(f"(답변을 보류했습니다. 근거 점수 {piece.support:.2f})")
        for citation in piece.citations:
            print(f"출처: {citation.source} — “{citation.quote}”")
    else:
        print(piece, end="", flush=True)
