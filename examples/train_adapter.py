"""내 질문으로 임베딩의 어댑터를 배우게 하고, 앞뒤를 봅니다. (Trains an adapter on your own questions.)

python examples/train_adapter.py mybot mybot/questions.csv --out near

torch도 GPU도 필요 없습니다. 명령으로는 mundap train adapter입니다.
"""

import argparse

import mundap as md

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workspace", help="작업 폴더")
parser.add_argument("questions", nargs="?", help="질문과 제시문이 있는 파일 (기본: 읽어들인 시트의 질문)")
parser.add_argument("--out", default="near", help="모델의 이름")
parser.add_argument("--seed", type=int, default=0, help="겹을 나누는 씨앗")
given = parser.parse_args()

bot = md.Mundap.open(given.workspace)
result = md.train.adapter(bot, given.questions, config=md.train.AdapterConfig(seed=given.seed), out=given.out)
print(result)  # before and after on folds that the model has not seen, with 95 % intervals
if result.recommended:
    print(f"쓰기: mundap promote {result.name} --workspace {given.workspace} 다음에 mundap index")
