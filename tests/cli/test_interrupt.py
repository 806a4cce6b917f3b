"""Ctrl+C: a long verb ends soon and says what is kept; a conversation goes on."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.cli.conftest import MakeFiles, Run
from tests.language_model import slow_model


@pytest.mark.parametrize("verb", ["ingest", "index"])
def test_a_long_verb_ends_within_two_seconds_and_its_work_goes_on_later(
    command: str, fresh: MakeFiles, mundap: Run, verb: str
) -> None:
    many = {
        f"글{n}.md": "\n\n".join(f"# 제목 {n}-{m}\n\n{m}번 휴가 규정의 내용입니다." for m in range(300))
        for n in range(40)
    }
    root = fresh(many)
    if verb == "index":
        assert mundap("ingest", workspace=root).code == 0
    lock = root / ".mundap" / "lock"
    lock.unlink(missing_ok=True)
    process = subprocess.Popen(
        [command, verb, "--workspace", str(root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_listening,
    )
    while not lock.exists():  # until it writes
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 2 + 1  # and the time that a loaded machine takes
    assert process.returncode == 130
    assert "Traceback" not in err
    [said] = [line for line in err.splitlines() if "중단했습니다" in line]
    assert f"mundap {verb}" in said
    assert out == ""
    assert mundap(verb, workspace=root).code == 0


class Terminal:
    """A command that believes that people type to it."""

    def __init__(self, arguments: list[str]) -> None:
        self._end, inner = pty.openpty()
        self.process = subprocess.Popen(
            arguments, stdin=inner, stdout=inner, stderr=inner, start_new_session=True, preexec_fn=_own_terminal
        )
        os.close(inner)
        self.seen = ""
        self.all = ""

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def press(self, key: str, until: str) -> None:
        """Press again while nothing happens: a key that comes just before readline waits is only seen with the next."""
        for _ in range(6):
            self.type(key)
            if self._shows(until, 10):
                break
        self.until(until)

    def until(self, text: str, seconds: float = 60) -> None:
        """Read until `text` is shown."""
        assert self._shows(text, seconds), self.seen
        self.seen = self.seen.partition(text)[2]

    def _shows(self, text: str, seconds: float) -> bool:
        end = time.monotonic() + seconds
        while text not in self.seen and time.monotonic() < end:
            if select.select([self._end], [], [], 0.2)[0]:
                came = os.read(self._end, 4096).decode("utf-8", "replace")
                self.seen, self.all = self.seen + came, self.all + came
        return text in self.seen


def _listening() -> None:
    """A shell's background jobs ignore Ctrl+C, and so would what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _own_terminal() -> None:
    _listening()
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_in_a_conversation_it_clears_the_line_or_stops_the_answer(
    command: str, hashed_sample: MakeFiles, tmp_path: Path
) -> None:
    with slow_model("처음 말 ", "끝 말") as model:
        model.again(says=True)
        generate = f'generator = "openai:{model.address}#slow"\nmin_support = 0\nfaq = false\n'
        root = hashed_sample(tmp_path / "ws", f'[index]\nencoder = "hashed"\n[generate]\n{generate}')
        chat = Terminal([command, "chat", "--workspace", str(root)])
        try:
            chat.until("> ")
            chat.type("half a line")
            chat.until("half a line")
            chat.press("\x03", until="> ")
            chat.type("이사화물 통관예약을 하면 뭐가 좋나요?\n")
            chat.until("문서를 검색하고 있습니다…")
            assert model.asked.wait(60)
            time.sleep(0.5)
            chat.press("\x03", until="중단했습니다")
            assert model.left.wait(10)
            chat.until("> ")
            chat.type("/quit\n")
            assert chat.process.wait(20) == 0
        finally:
            chat.process.kill()
            chat.process.wait()


def test_a_terminal_obeys_what_is_drawn_and_shows_no_controls(
    command: str, hashed_sample: MakeFiles, tmp_path: Path
) -> None:
    chat = Terminal(
        [command, "chat", "--workspace", str(hashed_sample(tmp_path / "ws", '[index]\nencoder = "hashed"\n'))]
    )
    try:
        chat.until("> ")
        chat.type("해외직구 면세 한도가 얼마인가요?\n")
        chat.until("\x1b[2m문서를 검색하고 있습니다…\x1b[0m")
        chat.until("\r\x1b[2K")
        chat.until("150달러")
        chat.until("> ")
        chat.type("/sources\n")
        chat.until("\x1b[1;36m[1] ")
        chat.until("> ")
        chat.type("/quit\n")
        assert chat.process.wait(20) == 0
        assert "\\u001b" not in chat.all
        assert "\\u000d" not in chat.all
    finally:
        chat.process.kill()
        chat.process.wait()
