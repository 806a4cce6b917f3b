"""`mundap` in processes that are forked from one which has loaded what every command loads: most of a command's time is that.

Each runs the entry of the installed command with its own arguments, folder, streams and signals, and ends as Python ends. What it
lacks is the start: tests of that, of imports and of terminals start the installed command.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NoReturn

_ROOT = Path(__file__).parents[1]
_PROGRAM = f"""
import sys
sys.path.insert(0, {str(_ROOT)!r})
from tests.forked import become, ended
become(int(sys.argv[1]))
sys.path.remove({str(_ROOT)!r})
from mundap.cli import main
ended(main)
"""
_OURS = "PYTEST_"  # what changes between tests and is none of the command's


def _possible() -> bool:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):  # another system, an old one, or one that forbids it
        return False
    return hasattr(os, "memfd_create")


POSSIBLE = _possible()


class Forked:
    """A process that was forked, with as much of subprocess.Popen as tests use of it."""

    def __init__(self, args: list[str], pid: int, ended: int, stdout: IO[bytes] | None) -> None:
        self.args = args
        self.pid = pid
        self.stdout = stdout
        self.returncode: int | None = None
        self._ended = ended

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ends, -N by the signal N. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            poll = select.poll()  # select knows only the first thousand files
            poll.register(self._ended, select.POLLIN)
            if not poll.poll(None if timeout is None else timeout * 1000):
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            said = os.read(self._ended, 16)
            os.close(self._ended)
            self.returncode = int(said) if said else -signal.SIGKILL  # with what it was forked from
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Origin:
    """The process that others are forked from. It begins with the first that is asked for."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._env = _theirs(os.environ)
        self._lock = threading.Lock()

    def popen(
        self,
        arguments: list[str],
        *,
        stdin: int | None = None,
        stdout: int,
        stderr: int,
        env: Mapping[str, str],
        cwd: Path | None = None,
        alone: bool = False,
    ) -> Forked | subprocess.Popen[bytes]:
        """`mundap` with these arguments, streams (of which stdout may be subprocess.PIPE), variables and folder, in a
        group of its own if `alone`. Where variables differ from those that modules were loaded with, the command is started."""
        asked = [self._command, *arguments]
        with self._lock:
            if not POSSIBLE or _theirs(env) != self._env:
                how: dict[str, Any] = {
                    "stdin": stdin,
                    "stdout": stdout,
                    "stderr": stderr,
                    "process_group": 0 if alone else None,
                }
                return subprocess.Popen(asked, env=env, cwd=cwd, **how)
            self._begin()
            about = os.memfd_create("asked")
            told, tells = os.pipe()
            reads, writes = os.pipe() if stdout == subprocess.PIPE else (-1, stdout)
            quiet = os.open(os.devnull, os.O_RDWR)
            given = {"args": asked, "env": dict(env), "cwd": str(cwd or Path.cwd())}
            os.write(about, json.dumps(given).encode())
            streams = [quiet if one is None or one == subprocess.DEVNULL else one for one in (stdin, writes, stderr)]
            socket.send_fds(self._door, [b"1" if alone else b"0"], [about, tells, *streams])
            for one in (about, tells, quiet, *([writes] if reads >= 0 else [])):
                os.close(one)
            pid = os.read(told, 16)
            assert pid, "what processes are forked from has ended"
            return Forked(asked, int(pid), told, os.fdopen(reads, "rb") if reads >= 0 else None)

    def _begin(self) -> None:
        if self._process is None:
            self._door, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _PROGRAM, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    env=self._env | {"OPENBLAS_NUM_THREADS": "1"},  # which begins its threads as it is loaded
                )

    def close(self) -> None:
        """End it. What was forked goes on."""
        if self._process is not None:
            self._door.close()
            self._process.wait(30)


_STAND_IN = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
    door.connect({door!r})
    given = dict(args=sys.argv[1:], cwd=os.getcwd(), env=dict(os.environ))
    socket.send_fds(door, [json.dumps(given).encode()], [0, 1, 2])
    for number in 0, 1, 2:
        os.close(number)  # whose other ends belong to what was forked alone
    code = int(door.recv(16) or -9)
os._exit(code) if code >= 0 else os.kill(os.getpid(), -code)
"""
_OF_SHELLS = {
    "PATH",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
}  # variables that differ from shell to shell and mean nothing to a command


@contextmanager
def standing_in(origin: Origin) -> Iterator[Path]:
    """A folder with a `mundap`, for the PATH of shells and other programs: each that is started there is forked, and ends as what
    was forked ends, which is killed with it."""
    with (
        TemporaryDirectory(prefix="mundap-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door,
    ):
        door.bind(f"{folder}/door")
        door.listen(16)
        command = Path(folder) / "bin" / "mundap"
        command.parent.mkdir()
        command.write_text(_STAND_IN.format(python=sys.executable, door=f"{folder}/door"), "utf-8")
        command.chmod(0o755)
        doing = threading.Thread(target=_answer, args=(door, origin))
        doing.start()
        try:
            yield command.parent
        finally:
            door.shutdown(socket.SHUT_RDWR)  # which ends accept
            doing.join()


def _answer(door: socket.socket, origin: Origin) -> None:
    while True:
        try:
            asked, _ = door.accept()
        except OSError:
            return
        threading.Thread(target=_stand_in, args=(asked, origin), daemon=True).start()


def _stand_in(asked: socket.socket, origin: Origin) -> None:
    """Fork what a stand-in asks for, and tell it how that ends, unless it ends itself."""
    with asked:
        said, streams, _, _ = socket.recv_fds(asked, 1 << 18, 3)
        given = json.loads(said)
        env = {name: value for name, value in given["env"].items() if name not in _OF_SHELLS}
        env |= {name: os.environ[name] for name in _OF_SHELLS & os.environ.keys()}
        stdin, stdout, stderr = streams
        try:
            process = origin.popen(
                given["args"], stdin=stdin, stdout=stdout, stderr=stderr, env=env, cwd=Path(given["cwd"]), alone=True
            )
        finally:
            for one in streams:
                os.close(one)
        code = None
        while code is None:
            if select.select([asked], [], [], 0.02)[0]:
                process.kill()
                process.wait()
                return
            code = process.poll()
        asked.send(str(code).encode())


def _theirs(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not name.startswith(_OURS)}


def become(door: int) -> None:
    """Load, and fork for everything that is asked at the socket `door`. Returns in a process that was forked, as what it is to
    be."""
    from tests.chaos.children import preload

    with socket.socket(fileno=door) as asked:
        preload()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        ends: dict[int, tuple[int, int]] = {}  # by the handle of a process, its number and where its end is told
        while True:
            ready, _, _ = select.select([asked.fileno(), *ends], [], [])
            for handle in ready:
                if handle != asked.fileno():
                    _tell(handle, *ends.pop(handle))
                    continue
                said, handles, _, _ = socket.recv_fds(asked, 1, 5)
                if not said:
                    os._exit(0)
                pid = os.fork()
                if said == b"1":
                    with suppress(OSError):  # both do it, for neither knows who comes first
                        os.setpgid(pid, pid)
                if not pid:
                    for one in (*ends, *(told for _, told in ends.values())):
                        os.close(one)
                    break
                os.write(handles[1], b"%-15d\n" % pid)
                ends[os.pidfd_open(pid)] = (pid, handles[1])
                for one in (handles[0], *handles[2:]):
                    os.close(one)
            else:
                continue
            break
    _be(handles)


def ended(main: Callable[[], object]) -> NoReturn:
    """Run it and end as Python does, but for taking apart all that was loaded: that takes longer than most commands do, and
    copies what a process has in common with the one that it was forked from."""
    code: object = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]  # which waits for threads
    atexit._run_exitfuncs()
    gc.collect()  # or what stands in a circle would not be closed
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = 120
    os._exit((code or 0) & 0xFF)


def _tell(handle: int, pid: int, told: int) -> None:
    """Say how a process has ended, if anybody listens."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(BrokenPipeError):
        os.write(told, str(code).encode())
    os.close(handle)
    os.close(told)


def _be(handles: list[int]) -> None:
    """Take the streams, variables, folder and arguments."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    about, told, *streams = handles
    os.close(told)
    with os.fdopen(about, "rb") as file:
        file.seek(0)
        given = json.loads(file.read())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # anew: each remembers what it was opened on
        old = getattr(sys, name)
        how = {"encoding": old.encoding, "errors": old.errors, "buffering": old.line_buffering or -1}
        new = open(old.fileno(), mode, closefd=False, **how)  # noqa: SIM115
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)
    os.chdir(given["cwd"])
    os.environ.clear()
    os.environ.update(given["env"])
    sys.argv = given["args"]
