"""내 질문으로 임베딩의 어댑터를 배우게 하고, 나아졌을 때만 씁니다. (Trains an adapter, and uses it if it is better.)

python examples/train_adapter.py mybot mybot/questions.csv --out near

torch도 GPU도 필요 없습니다. 명령으로는 mundap train adapter, mundap promote, mundap index입니다.
"""

import argparse
import json
import subprocess
import sys
from typing import Any

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workspace", help="작업 폴더")
parser.add_argument("questions", help="질문과 제시문이 있는 파일")
parser.add_argument("--out", default="near", help="모델의 이름")
given = parser.parse_args()


def mundap(*arguments: str) -> Any:
    """What the command says as JSON. Its progress goes to standard error."""
    command = [sys.executable, "-m", "mundap", *arguments, "--workspace", given.workspace, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


report = mundap("train", "adapter", "--data", given.questions, "--out", given.out)
print(json.dumps(report, ensure_ascii=False, indent=2)[:2000])
if report["recommended"]:
    mundap("promote", given.out)
    mundap("index")
    print(f"{given.out}: 나아져서 쓰도록 했습니다.")
else:
    print(f"{given.out}: 뚜렷이 나아지지 않아 쓰지 않습니다.")
