"""내 질문으로 임베딩 어댑터를 학습하고, 학습 전후를 비교합니다. (Trains an adapter on your own questions.)

python examples/train_adapter.py mybot mybot/questions.csv --out near

torch와 GPU가 필요 없습니다. 명령줄에서는 mundap train adapter를 사용합니다.
"""

import argparse

import mundap as md

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workspace", help="작업 폴더")
parser.add_argument("questions", nargs="?", help="질문과 제시문이 있는 파일 (기본값: 읽어 들인 Q/A)")
parser.add_argument("--out", default="near", help="모델 이름")
parser.add_argument("--seed", type=int, default=0, help="교차 검증 분할 시드")
given = parser.parse_args()

bot = md.Mundap.open(given.workspace)
result = md.train.adapter(bot, given.questions, config=md.train.AdapterConfig(seed=given.seed), out=given.out)
print(result)  # before and after on folds that the model has not seen, with 95 % intervals
if result.recommended:
    print(f"적용하려면: mundap promote {result.name} --workspace {given.workspace} 후 mundap index")
