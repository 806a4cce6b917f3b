"""A whole workspace in one file, taken while it is in use, and back again.

The archive is a tar (compressed if its name says so) whose last member, CONTENTS, lists every other with its size and digest:
an archive that was cut off, or changed, is noticed before anything of it is used.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from mundap.asides import Aside, sweep
from mundap.config import FILE, SQLITE, find_workspace, read_config
from mundap.errors import BadFile, ConfigError, MundapError, StaleIndex
from mundap.files import sync_folder
from mundap.protocols import Progress, quiet
from mundap.store.trouble import told
from mundap.types import Json
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER
from mundap.workspace.facade import BACKUPS, writing
from mundap.workspace.uploads import MOVING

CONTENTS = "CONTENTS.json"
FORMAT = 1
_WAIT = 60.0  # seconds for another process to finish what it writes
_PIECE = 1 << 20
_MODES: dict[str, Literal["w:gz", "w:xz", "w:bz2"]] = {".gz": "w:gz", ".tgz": "w:gz", ".xz": "w:xz", ".bz2": "w:bz2"}
_RESTORING = ".restoring-"
_ASIDE = (BACKUPS, ".building-", ".merging-", MOVING, "repository.git")  # beginnings of names of folders
_LEFT_OUT = ("-wal", "-shm", "-journal", ".lock")  # ends of names: SQLite's own, whose content the copy has, and locks


@dataclass(frozen=True)
class Backup:
    """What an archive holds. `bytes` are those of the files in it."""

    file: str
    files: int
    bytes: int
    documents: int
    passages: int
    created: str

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)


@dataclass(frozen=True)
class Restored:
    """A workspace made of an archive. `searchable` is whether its index was opened and searched, `note` why not."""

    folder: str
    files: int
    documents: int
    passages: int
    created: str
    searchable: bool
    note: str

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return asdict(self)


def backup(workspace: str | Path, file: str | Path, progress: Progress = quiet) -> Backup:
    """Write the workspace at `workspace`, with its documents, corpus, index, models and reports, to `file`.

    Questions are answered meanwhile. What others write waits while the corpus is copied and the index is held, which is
    short, and goes on while the archive is written. Raises WorkspaceBusy if it cannot have that moment, MundapError if
    the archive cannot be written; nothing is left of it then.
    """
    root, target = find_workspace(Path(workspace)), Path(file).absolute()
    if read_config(root / FILE).store.url != SQLITE:
        raise MundapError(
            f"{root}: 데이터가 PostgreSQL에 있습니다. 데이터베이스는 pg_dump로, 작업 폴더의 문서와 .mundap/models는 파일로"
            " 백업하세요. 색인은 mundap index로 다시 만들어집니다. (the record is at a server; back it up with pg_dump)"
        )
    if target.exists():
        raise MundapError(f"{target}: 이미 있는 파일입니다. 다른 이름을 지정하세요.")
    part = target.with_name(f"{target.name}.part")
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    try:
        with _held(root) as (folder, documents, passages):
            files = sorted(path for path in folder.rglob("*") if path.is_file())
            listed: dict[str, dict[str, Json]] = {}
            with _opened(part) as archive:
                for n, path in enumerate(files):
                    name = path.relative_to(folder).as_posix()
                    listed[name] = _add(archive, path, name)
                    progress(n + 1, len(files))
                about = {"format": FORMAT, "created": created, "documents": documents, "passages": passages}
                raw = json.dumps({**about, "files": listed}, ensure_ascii=False).encode()
                last = tarfile.TarInfo(CONTENTS)
                last.size = len(raw)
                archive.addfile(last, io.BytesIO(raw))
            with part.open("rb") as made:
                os.fsync(made.fileno())
        part.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise MundapError(
            f"{target}: 백업을 쓸 수 없습니다({error.strerror or error}). 폴더와 남은 공간을 확인하세요."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    size = sum(int(str(one["size"])) for one in listed.values())
    return Backup(str(target), len(listed), size, documents, passages, created)


def restore(file: str | Path, folder: str | Path, progress: Progress = quiet) -> Restored:
    """Make a workspace of an archive in `folder`, which must be new or empty; then open and search it.

    Raises BadFile for what is no archive of mundap, is cut off or was changed, naming what of it; nothing is left then.
    """
    source, target = Path(file), Path(folder).absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise MundapError(f"{target}: 비어 있지 않습니다. 새 폴더를 지정하세요.")
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent, _RESTORING)
    with Aside(target.parent, _RESTORING) as aside:
        contents = _extracted(source, aside.folder, progress)
        if target.exists():
            target.rmdir()
        made = aside.folder / "workspace"
        made.rename(target)
    files, created = contents["files"], str(contents["created"])
    assert isinstance(files, dict)
    bot = Mundap.open(target)
    note = _searched(bot)
    documents, passages = bot.corpus.counts()
    return Restored(str(target), len(files), documents, passages, created, not note, note)


@contextmanager
def _held(root: Path) -> Iterator[tuple[Path, int, int]]:
    """A folder with the workspace as it is at one moment, beside it on the same disk; how many documents and passages.

    Databases are copied by SQLite's online backup. Everything else is never written in place by mundap, and linked.
    """
    own = root / FOLDER
    with suppress(ConfigError):  # settings that cannot be read are kept too
        Mundap.open(root).settle(_WAIT)
    with Aside(own, BACKUPS) as aside:
        held = aside.folder / "held"
        with writing(root, _WAIT):
            for path in _files(root):
                copy = held / path.relative_to(root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                if path.suffix == ".sqlite" and path.parent == own:
                    _copy_database(path, copy)
                else:
                    _link(path, copy)
        with closing(sqlite3.connect(held / FOLDER / "corpus.sqlite")) as corpus:
            [documents] = corpus.execute("SELECT COUNT(*) FROM documents").fetchone()
            [passages] = corpus.execute("SELECT COUNT(*) FROM passages WHERE parent_id = id").fetchone()
        yield held, documents, passages


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if not name.startswith(_ASIDE)]
        for name in names:
            path = here / name
            if path.is_file() and path != root / FOLDER / "lock" and not name.endswith(_LEFT_OUT):
                yield path


def _copy_database(path: Path, copy: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(copy)) as made:
            live.backup(made)
    except sqlite3.Error as error:
        raise told(error, copy) or MundapError(f"{path}: 백업하지 못했습니다({error}).") from error


def _link(path: Path, copy: Path) -> None:
    try:
        os.link(path, copy)
    except OSError:  # another disk, or one without links
        shutil.copy2(path, copy)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds questions and keys' digests
    packed = _MODES.get(Path(path.stem).suffix.lower())
    with (
        os.fdopen(handle, "wb") as file,
        tarfile.open(fileobj=file, mode=packed or "w", format=tarfile.PAX_FORMAT) as archive,
    ):
        yield archive


def _add(archive: tarfile.TarFile, path: Path, name: str) -> dict[str, Json]:
    """Put a file into the archive, and return its size and digest."""
    about = archive.gettarinfo(path, name)
    about.type, about.linkname = tarfile.REGTYPE, ""  # links of this copy are no links of the workspace
    about.size = path.stat().st_size
    about.uid = about.gid = 0
    about.uname = about.gname = ""
    with path.open("rb") as file:
        hashed = _Hashed(file)
        archive.addfile(about, hashed)
    return {"size": about.size, "digest": hashed.digest()}


class _Hashed(io.RawIOBase):
    """A file whose digest is known once it was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hasher = blake2b(digest_size=16)

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self._file.read(size)
        self._hasher.update(piece)
        return piece

    def digest(self) -> str:
        """Hex, of what was read."""
        return self._hasher.hexdigest()


def _extracted(source: Path, aside: Path, progress: Progress) -> dict[str, Json]:
    """Unpack into `aside`/workspace, and return CONTENTS once everything agrees with it."""
    folder = aside / "workspace"
    folder.mkdir()
    digests: dict[str, dict[str, Json]] = {}
    contents: dict[str, Json] = {}
    try:
        with tarfile.open(source, "r:*") as archive:
            for n, member in enumerate(archive):
                file = archive.extractfile(member) if member.isfile() else None
                if file is None:
                    raise BadFile(f"{source}: 백업 파일이 아닙니다({member.name}).")
                if member.name == CONTENTS:
                    contents = json.loads(file.read())
                    break
                digests[member.name] = _write(file, _inside(folder, member.name, source))
                progress(n + 1, 0)
    except (tarfile.TarError, EOFError, ValueError, RecursionError, OSError) as error:
        if isinstance(error, FileNotFoundError) and not source.exists():
            raise BadFile(f"{source}: 백업 파일이 없습니다. 경로를 확인하세요.") from error
        raise BadFile(f"{source}: 백업을 읽을 수 없습니다({error}). 다른 사본을 사용하세요.") from error
    if not isinstance(contents, dict):
        raise BadFile(f"{source}: 백업 파일이 아닙니다({CONTENTS}).")
    if not contents:
        raise BadFile(f"{source}: 백업이 끝까지 쓰이지 않았습니다. 다른 사본을 사용하세요.")
    if contents.get("format") != FORMAT:
        raise BadFile(
            f"{source}: 백업의 형식 {contents.get('format')}을(를) 이 버전이 읽지 못합니다. mundap을 업데이트하세요."
        )
    listed = contents.get("files")
    if not isinstance(listed, dict) or "created" not in contents:
        raise BadFile(f"{source}: 백업의 목록이 손상되었습니다({CONTENTS}). 다른 사본을 사용하세요.")
    wrong = sorted(name for name in {*listed, *digests} if listed.get(name) != digests.get(name))
    if wrong:
        raise BadFile(f"{source}: 백업의 파일이 손상되었습니다({', '.join(wrong[:5])}). 다른 사본을 사용하세요.")
    if not (folder / FILE).is_file():
        raise BadFile(f"{source}: 작업 폴더의 백업이 아닙니다({FILE} 없음).")
    return contents


def _inside(folder: Path, name: str, source: Path) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise BadFile(f"{source}: 폴더 밖을 가리키는 이름이 있습니다({name}).")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write(file: IO[bytes], path: Path) -> dict[str, Json]:
    hasher, size = blake2b(digest_size=16), 0
    with path.open("xb") as out:
        while piece := file.read(_PIECE):
            hasher.update(piece)
            out.write(piece)
            size += len(piece)
        out.flush()
        os.fsync(out.fileno())
    return {"size": size, "digest": hasher.hexdigest()}


def _searched(bot: Mundap) -> str:
    """Search with a question of the corpus; why that is not possible yet, "" if it is."""
    [question, *_] = [*bot.corpus.sample_questions(1), "문서"]
    try:
        bot.search(question, 1)
    except StaleIndex as error:
        return str(error)
    return ""
