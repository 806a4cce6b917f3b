"""A Git repository: the files of one commit, out of a bare copy, so that nothing of it is checked out or run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

import httpx

from mundap.errors import ConfigError
from mundap.redact import hidden
from mundap.source_settings import GitSource
from mundap.sources.guard import Guard, Resolve, resolve
from mundap.sources.kinds import plain_name
from mundap.sources.protocol import Fetched, Had, Item, ItemError, SourceError
from mundap.sources.proxies import Proxies
from mundap.sources.secrets import password

_FILE = ("100644", "100755")  # modes of files; links and submodules are left out
_SCP = re.compile(r"^(?:[\w.\-]+@)?[\w.\-]+:(?!//)")
_LFS = b"version https://git-lfs.github.com/spec/"
_CLONE = 3600.0  # seconds for what is new of a repository
_HELPER = (
    '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$MUNDAP_GIT_USER" "$MUNDAP_GIT_PASSWORD"; }; f'
)
_PASSED = ("PATH", "HOME", "LANG", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "SYSTEMROOT", "TMPDIR")


class Repository:
    """The files of `settings`; the copy is kept in `folder`, and paths are relative to `root`."""

    def __init__(self, settings: GitSource, root: Path, folder: Path, resolve: Resolve = resolve) -> None:
        if shutil.which("git") is None:
            raise ConfigError(f"{settings.name}: git 명령이 없습니다. git을 설치하세요.")
        self._settings = settings
        self._url = settings.url
        if "://" not in self._url and not _SCP.match(self._url):
            self._url = str((root / self._url).absolute())
        self._folder = folder / "repository.git"
        self._guard = Guard(settings.allow, resolve)
        self._proxies = Proxies(settings.proxy)
        self._password = password(settings.password_env, settings.password_file, root, settings.name)
        self._commit = ""

    def items(self) -> Iterator[Item]:
        """The files of the branch as it is now, in order."""
        self._bring()
        under = self._settings.under.strip("/")
        listed = self._git("ls-tree", "-r", "-z", "-l", "--full-tree", self._commit, *(["--", under] if under else []))
        shown = hidden(self._url)
        for line in listed.split(b"\0"):
            about, _, name = line.partition(b"\t")
            parts = about.split()
            if len(parts) != 4 or parts[0].decode() not in _FILE:
                continue
            path = PurePosixPath(name.decode("utf-8", "surrogateescape"))
            if any(part.startswith((".", "~$")) for part in path.parts):
                continue
            size = int(parts[3]) if parts[3].isdigit() else 0
            told = path.as_posix().encode("utf-8", "replace").decode("utf-8")
            yield Item(f"{shown}#{told}", plain_name(path.name), parts[2].decode(), size)

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """The file, out of the copy. Raises ItemError for what is kept elsewhere (Git LFS), of which it holds a note alone."""
        with into.open("wb") as file:
            self._run("cat-file", "blob", item.fingerprint, stdout=file.fileno())
        with into.open("rb") as file:
            if file.read(len(_LFS)) == _LFS:
                raise ItemError(f"{item.address}: Git LFS에 있는 파일이라 가져오지 않았습니다.")
        return Fetched(item.fingerprint, item.name)

    def close(self) -> None:
        """Nothing is open."""

    def _bring(self) -> None:
        """Have the newest commit of the branch here, without what was before it."""
        if not (self._folder / "HEAD").exists():
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            self._run("init", "--quiet", "--bare", str(self._folder), at=self._folder.parent)
        branch = f"refs/heads/{self._settings.branch}" if self._settings.branch else "HEAD"
        self._run(
            *self._pinned(), "fetch", "--quiet", "--depth=1", "--no-tags", "--force", "--", self._url, f"+{branch}:refs/mundap",
            seconds=_CLONE,
        )  # fmt: skip
        self._commit = self._git("rev-parse", "refs/mundap").decode().strip()

    def _pinned(self) -> list[str]:
        """Options by which a web address is asked at a checked place only, and no redirect followed."""
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https"):
            return []
        if self._proxy:
            if not self._guard.lists(parts.hostname or ""):
                raise SourceError(
                    f"{parts.hostname}: Git은 프록시에 주소를 이름으로 묻습니다. mundap.toml의 [[sources]]에 지정하세요:"
                    f' allow = ["{parts.hostname}"] (프록시를 쓰지 않으려면 proxy = "none")'
                )
            return ["-c", "http.followRedirects=false"]
        try:
            address = self._guard.addresses(parts.hostname or "")[0]
        except ItemError as error:
            raise SourceError(str(error)) from error
        port = parts.port or (443 if parts.scheme == "https" else 80)
        place = f"[{address}]" if ":" in address else address
        return ["-c", "http.followRedirects=false", "-c", f"http.curloptResolve={parts.hostname}:{port}:{place}"]

    @property
    def _proxy(self) -> str:
        """The proxy to a web address, with what signs in there; "" without one."""
        if urlsplit(self._url).scheme not in ("http", "https"):
            return ""
        found = self._proxies.of(httpx.URL(self._url))
        if found is None:
            return ""
        user = quote(found.auth[0], safe="") + ":" + quote(found.auth[1], safe="") if found.auth else ""
        return str(found.url.copy_with(userinfo=user.encode()))

    def _git(self, *arguments: str) -> bytes:
        return self._run(*arguments)

    def _run(self, *arguments: str, at: Path | None = None, stdout: int = subprocess.PIPE, seconds: float = 0) -> bytes:
        """What git prints. Raises SourceError. Nothing of the user's or the repository's own settings runs a program."""
        env = {name: os.environ[name] for name in _PASSED if name in os.environ}
        env |= {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "https:http:ssh:file",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_ASKPASS": "true",
            "LC_ALL": "C.UTF-8",
            "MUNDAP_GIT_USER": self._settings.user,
            "MUNDAP_GIT_PASSWORD": self._password,
        }
        if proxy := self._proxy:
            env |= {"http_proxy": proxy, "https_proxy": proxy}  # not as an option, which other users of the machine see
        options = ["-c", "safe.directory=*", "-c", "credential.helper="]
        if self._password:
            options += ["-c", f"credential.helper={_HELPER}"]
        try:
            done = subprocess.run(
                ["git", *options, *arguments],
                cwd=at or self._folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                timeout=seconds or self._settings.seconds,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"{hidden(self._url)}: git을 실행하지 못했습니다({type(error).__name__}).") from error
        if done.returncode:
            raise SourceError(f"{hidden(self._url)}: 저장소를 가져올 수 없습니다({self._said(done.stderr)}).")
        return done.stdout or b""

    def _said(self, raw: bytes) -> str:
        lines = [line for line in raw.decode("utf-8", "replace").splitlines() if line.strip()]
        text = hidden(
            " ".join((next((one for one in lines if one.startswith("fatal")), lines[-1:] and lines[-1]) or "").split())
        )
        for secret in (self._password, quote(self._password, safe="")):
            text = text.replace(secret, "***") if secret else text
        return text[:200]
