"""실행 중인 API에 openai 클라이언트로 질문합니다. (Asks a running API by OpenAI's client.)

mundap serve --workspace mybot &
python examples/openai_client.py "해외직구 면세 한도가 얼마인가요?"

pip install openai. API 키가 필요한 서버이면 MUNDAP_KEY에 설정하세요.
"""

import argparse
import os

from openai import OpenAI

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("question", help="질문")
parser.add_argument("--url", default="http://127.0.0.1:8000/v1", help="API 주소")
given = parser.parse_args()

client = OpenAI(base_url=given.url, api_key=os.environ.get("MUNDAP_KEY", "none"))
model = client.models.list().data[0].id
stream = client.chat.completions.create(
    model=model, messages=[{"role": "user", "content": given.question}], stream=True
)
for chunk in stream:
    choice = chunk.choices[0]
    print(choice.delta.content or "", end="", flush=True)
    if choice.finish_reason:  # the last chunk brings what the answer stands on
        print()
        for citation in (chunk.model_extra or {})["mundap"]["citations"]:
            print(f"출처: {citation['source']} — “{citation['quote']}”")
