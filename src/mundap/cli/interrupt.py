"""Ctrl+C in a verb that takes long: it ends within two seconds, whatever it is at, with a line about what is kept."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence

INTERRUPTED = 130  # the exit code of what Ctrl+C ended
_SECONDS = 1.0  # in which a verb may end by itself
_OWN = {"serve", "ui", "up", "chat", "mcp", "worker"}  # which end in their own ways
_KEPT = {
    "ingest": "이미 읽은 문서는 저장되어 있습니다. 이어서 하려면 다시 실행하세요: mundap ingest",
    "index": "이전 색인은 그대로이고, 계산한 벡터는 보관되어 있습니다. 이어서 하려면 다시 실행하세요: mundap index",
    "sync": "이미 가져온 문서는 보관되어 있습니다. 이어서 하려면 다시 실행하세요: mundap sync",
    "train": "완성되지 않은 모델은 사용되지 않습니다. 저장된 체크포인트가 있으면 --resume으로 이어서 할 수 있습니다.",
    "evaluate": "보고서는 저장하지 않았습니다. 문서와 색인은 그대로입니다.",
    "tune": "설정은 바뀌지 않았습니다. 문서와 색인은 그대로입니다.",
    "synth": "지금까지 생성한 것은 보관되어 있습니다. 이어서 하려면 같은 명령을 다시 실행하세요.",
    "export": "완성되지 않은 파일은 사용하지 마세요. 모델은 그대로입니다.",
}
_ELSE = "저장된 문서와 색인은 그대로입니다."
_SAYING = threading.Lock()


def watch(arguments: Sequence[str]) -> None:
    """Have Ctrl+C end this process soon, even while it runs code of C or waits for threads."""
    if _verb(arguments) in _OWN:
        return
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    threading.Thread(target=_end, args=(read, tuple(arguments)), name="interrupt", daemon=True).start()


def say_kept(arguments: Sequence[str]) -> None:
    """Say what is kept, once."""
    if _SAYING.acquire(blocking=False):
        print(f"\nmundap: 중단했습니다. {_KEPT.get(_verb(arguments), _ELSE)}", file=sys.stderr, flush=True)


def _end(read: int, arguments: Sequence[str]) -> None:
    while os.read(read, 1) != bytes([signal.SIGINT]):
        pass
    threading.Event().wait(_SECONDS)
    say_kept(arguments)
    os._exit(INTERRUPTED)


def _verb(arguments: Sequence[str]) -> str:
    return next((one for one in arguments if not one.startswith("-")), "")
