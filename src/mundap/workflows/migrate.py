"""Move the record of a workspace from its files to a PostgreSQL server, and prove that nothing of it was changed.

A run that was killed goes on where it was. The files are set aside only when rows, digests and searches are the same.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex

from mundap.config import FILE, SQLITE, Store, find_workspace, read_config
from mundap.errors import ConfigError, MundapError
from mundap.extras import need
from mundap.files import batched
from mundap.protocols import Progress, quiet
from mundap.store import schema
from mundap.store.conversations import Conversations
from mundap.store.record import File, Record, Value
from mundap.types import Hit, Json
from mundap.workspace import Mundap
from mundap.workspace.components import CORPUS, FOLDER
from mundap.workspace.facade import writing

ASIDE = "before-postgresql"  # the folder in .mundap of the files that were moved
_USAGE, _KEYS, _COOKIES, _AUDIT = "usage.sqlite", "keys.json", "session.key", "audit.jsonl"
_MARK = "moving"  # the secret at the server that tells whose rows are there already, and its file here
_WAIT = 60.0
_ROWS = 500
_K = 10
_OF_DOCUMENTS = ("texts", "passages", "questions")
# What a row is, and what orders rows: those of a document come with it, others by themselves.
_COLUMNS: Mapping[str, tuple[str, str]] = {
    "documents": ("id, source, title, meta, text, fingerprint, added", "id"),
    "texts": ("document_id, ordinal, text", "document_id, ordinal"),
    "passages": (
        'id, document_id, parent_id, ordinal, start, "end", page, heading, source, meta, text',
        "id",
    ),
    "questions": ("document_id, passage_id, question, answer, row", "document_id, passage_id, question, answer, row"),
    "refused": ("source, fingerprint, reason", "source"),
    "access": ("source, tag", "source, tag"),
    "answers": (
        "id, request_id, session, time, question, answer, abstained, cited, shown, model, owner",
        "id",
    ),
    "feedback": ("id, answer_id, time, verdict, comment, answer, passage_id", "id"),
    "reviewed": ("answer_id, vote", "answer_id"),
    "turns": ("id, session, question, answer, owner, time", "id"),
}
_NUMBERED = ("answers", "feedback", "turns")


@dataclass(frozen=True)
class Migrated:
    """What was moved. `rows` counts the rows of each table, the same on both sides, as were their digests; `searches`
    were made on both and gave the same hits, none if the workspace has no index."""

    to: str
    rows: Mapping[str, int]
    keys: int
    searches: int
    aside: str

    def to_json(self) -> dict[str, Json]:
        """The fields by name."""
        return {**asdict(self), "rows": dict(self.rows)}


def migrate(workspace: str | Path, url: str, progress: Progress = quiet, searches: int = 200) -> Migrated:
    """Move the record of the workspace to the PostgreSQL database at `url`, which is empty or holds what an earlier run of
    this moved. No server may run over the workspace meanwhile.

    Raises ConfigError for a database that holds something else, WorkspaceBusy while somebody writes, and MundapError where
    the two sides differ, which leaves the files in use.
    """
    need("psycopg", "postgres")
    from mundap.store.postgres import server_at

    root = find_workspace(Path(workspace))
    config = read_config(root / FILE)
    if config.store.url != SQLITE:
        raise ConfigError(
            f"{root}: 데이터가 이미 PostgreSQL에 있습니다([store] url). (the record is at a server already)"
        )
    server, folder = server_at(url), root / FOLDER
    with writing(root, _WAIT):
        bot = Mundap(root, config)
        bot.feedback.close()  # these make the tables, or bring them to this version
        Conversations(folder / CORPUS, 1, 1).close()
        with closing(File(folder / CORPUS, "foreign_keys=ON")) as source, source.transaction():
            _claim(server, folder, server.address)
            _copy_documents(source, server, progress)
            for table in _COLUMNS:
                if table != "documents" and table not in _OF_DOCUMENTS:
                    _copy_table(source, server, table)
            keys = _copy_files(folder, server)
            _copy_state(source, server)
            rows = _compared(source, server)
            moved = bot.reconfigured(config.model_copy(update={"store": Store(url=url)}))
            moved.corpus.mark()  # what comes from now on is all that the index has to follow
            same = _searched(bot, moved, searches)
        bot.corpus.close()
        aside = _set_aside(folder)
    return Migrated(server.address, rows, keys, same, str(aside.relative_to(root)))


def _claim(server: Record, folder: Path, address: str) -> None:
    """Note that what comes is of this workspace. Raises ConfigError if something else is there."""
    file = folder / _MARK
    if not file.exists():
        file.write_text(token_hex(16), "ascii")
    mine = file.read_text("ascii")
    with server.transaction():
        found = server.execute("SELECT said FROM secrets WHERE name = ?", (_MARK,)).fetchone()
        if found is None:
            held = [
                table for table in _COLUMNS if server.execute(f"SELECT EXISTS (SELECT 1 FROM {table})").fetchone()[0]
            ]
            if held:
                raise ConfigError(
                    f"{address}: 빈 데이터베이스가 아닙니다({', '.join(held)}). 새 데이터베이스를 만들어 지정하세요: createdb 이름"
                    " (the database is not empty)"
                )
            server.execute("INSERT INTO secrets VALUES (?,?)", (_MARK, mine))
        elif found[0] != mine:
            raise ConfigError(
                f"{address}: 다른 작업 폴더를 옮기던 데이터베이스입니다. 새 데이터베이스를 지정하세요."
                " (another workspace was being moved there)"
            )


def _copy_documents(source: Record, server: Record, progress: Progress) -> None:
    """Documents one by one, each with what hangs on it, in the order in which they came; those that are there are left."""
    columns = _COLUMNS["documents"][0]
    wanted = [id for (id,) in source.execute("SELECT id FROM documents ORDER BY rowid")]
    there = {id for (id,) in server.execute("SELECT id FROM documents")}
    for id in there.difference(wanted):  # changed since an earlier run
        server.execute("DELETE FROM documents WHERE id = ?", (id,))
    for n, id in enumerate(wanted):
        if id not in there:
            with server.transaction():
                _insert(server, "documents", source.execute(f"SELECT {columns} FROM documents WHERE id = ?", (id,)))
                for table in _OF_DOCUMENTS:
                    order = "ordinal" if table == "texts" else "rowid"
                    query = f"SELECT {_COLUMNS[table][0]} FROM {table} WHERE document_id = ? ORDER BY {order}"
                    _insert(server, table, source.execute(query, (id,)))
        progress(n + 1, len(wanted))


def _copy_table(source: Record, server: Record, table: str) -> None:
    """Rows that hang on no document: those of a table that grows from where it was, others anew."""
    columns, order = _COLUMNS[table]
    after = -1
    with server.transaction():
        if table in _NUMBERED:
            after = server.execute(f"SELECT coalesce(max(id), -1) FROM {table}").fetchone()[0]
        else:
            server.execute(f"DELETE FROM {table}")
    which = f"WHERE id > {int(after)}" if table in _NUMBERED else ""
    for some in batched(source.execute(f"SELECT {columns} FROM {table} {which} ORDER BY {order}"), _ROWS):
        with server.transaction():
            _insert(server, table, some)
    if table in _NUMBERED:
        last = f"(SELECT max(id) FROM {table})"
        server.execute(f"SELECT setval(pg_get_serial_sequence('{schema.SCHEMA}.{table}', 'id'), coalesce({last}, 1))")


def _insert(server: Record, table: str, rows: Iterable[Sequence[Value]]) -> None:
    columns = _COLUMNS[table][0]
    marks = ",".join("?" * len(columns.split(",")))
    server.executemany(f"INSERT INTO {table}({columns}) VALUES ({marks})", rows)


def _copy_files(folder: Path, server: Record) -> int:
    """What lay in files of its own: API keys, of which this returns how many, uses, the secret of cookies, the audit log."""
    kept = json.loads((folder / _KEYS).read_text("utf-8")) if (folder / _KEYS).exists() else []
    audit = (folder / _AUDIT).read_text("utf-8").splitlines() if (folder / _AUDIT).exists() else []
    with server.transaction():
        for table in ("keys", "used", "uploads", "audit"):
            server.execute(f"DELETE FROM {table}")
        rows = [(key["name"], json.dumps(key, ensure_ascii=False)) for key in kept]
        server.executemany("INSERT INTO keys VALUES (?,?)", rows)
        times = [str(json.loads(line)["time"]) for line in audit]
        server.executemany("INSERT INTO audit(time, said) VALUES (?,?)", list(zip(times, audit, strict=True)))
        if (folder / _COOKIES).exists():
            server.execute("DELETE FROM secrets WHERE name = ?", (_COOKIES,))
            server.execute("INSERT INTO secrets VALUES (?,?)", (_COOKIES, (folder / _COOKIES).read_text("ascii")))
        if (folder / _USAGE).exists():
            with closing(File(folder / _USAGE)) as usage:
                server.executemany("INSERT INTO used VALUES (?,?,?,?)", usage.execute("SELECT * FROM used").fetchall())
                server.executemany(
                    "INSERT INTO uploads VALUES (?,?)", usage.execute("SELECT * FROM uploads").fetchall()
                )
    return len(kept)


def _copy_state(source: Record, server: Record) -> None:
    """The state of the corpus, for the index that was built of it to hold."""
    [state] = source.execute("SELECT token FROM state").fetchone()
    server.execute("UPDATE state SET token = ?", (state,))


def _compared(source: Record, server: Record) -> dict[str, int]:
    """How many rows each table has. Raises MundapError for one that differs."""
    found = {}
    for table in _COLUMNS:
        (here, digest), (there, other) = (_digest(record, table) for record in (source, server))
        if (here, digest) != (there, other):
            raise MundapError(
                f"{table}: 옮긴 데이터가 원본과 다릅니다(원본 {here}행, 옮긴 것 {there}행). 원본은 그대로이고 계속 사용합니다."
                " 이 작업 폴더를 쓰는 서버를 멈추고 다시 실행하세요. (the copy differs; the workspace is as it was)"
            )
        found[table] = here
    return found


def _digest(record: Record, table: str) -> tuple[int, str]:
    """How many rows a table has, and a digest of them that no order changes."""
    count, total = 0, 0
    for row in _all(record, table):
        count += 1
        said = blake2b(json.dumps(list(row), ensure_ascii=False).encode(), digest_size=16).digest()
        total = (total + int.from_bytes(said)) % (1 << 128)
    return count, f"{total:032x}"


def _all(record: Record, table: str) -> Iterator[Sequence[Value]]:
    """The rows of a table, some at a time."""
    columns, _ = _COLUMNS[table]
    if table not in ("documents", "passages", *_NUMBERED):
        yield from record.execute(f"SELECT {columns} FROM {table}")
        return
    last: Value = -1 if table in _NUMBERED else ""
    while rows := record.execute(
        f"SELECT {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT ?", (last, _ROWS)
    ).fetchall():
        yield from rows
        last = rows[-1][0]


def _searched(bot: Mundap, moved: Mundap, count: int) -> int:
    """How many random searches gave the same hits on both. Raises MundapError for one that does not."""
    if bot.newest is None or bot.unindexed:
        return 0
    chosen = random.Random(0)
    asked = bot.corpus.sample_questions(count // 2)
    ids = bot.corpus.ids()
    some = bot.corpus.passages(chosen.sample(ids, min(count, len(ids))))
    texts = [one.text for _, one in sorted(some.items())]
    while texts and len(asked) < count:
        text = chosen.choice(texts)
        start = chosen.randrange(max(1, len(text) - 20))
        asked.append(text[start : start + chosen.randint(6, 40)])
    for question in asked:
        if _hits(bot.search(question, _K)) != _hits(moved.search(question, _K)):
            raise MundapError(
                f"'{question}': 옮긴 뒤의 검색 결과가 원본과 다릅니다. 원본은 그대로이고 계속 사용합니다. 먼저 실행하세요: mundap"
                " index (a search differs; the workspace is as it was)"
            )
    return len(asked)


def _hits(hits: Sequence[Hit]) -> list[tuple[str, float, str]]:
    return [(hit.passage.id, hit.score, hit.passage.text) for hit in hits]


def _set_aside(folder: Path) -> Path:
    """Move the files of the record away, so that nobody goes on with them; their new folder."""
    aside = folder / ASIDE
    aside.mkdir(mode=0o700, exist_ok=True)
    for name in (
        f"{CORPUS}-wal",
        f"{CORPUS}-shm",
        CORPUS,
        f"{_USAGE}-wal",
        f"{_USAGE}-shm",
        _USAGE,
        _KEYS,
        _COOKIES,
        _AUDIT,
    ):
        if (folder / name).exists():
            (folder / name).replace(aside / name)
    (folder / _MARK).unlink(missing_ok=True)
    return aside
