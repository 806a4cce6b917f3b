"""A workspace that is killed again and again, and what must be in it: all that was acknowledged, and nothing that was deleted."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

CONFIG = 'low_disk_mb = 0\n[index]\nencoder = "hashed"\n[retrieve]\nk = {k}\n[serve]\nper_minute = 0\n'
SUBJECTS = ("연차", "병가", "출장", "회의실", "주차", "보안", "교육", "급여")
_NUMBER = re.compile("관리 번호는 제([0-9]+)호")
NOTHING = -1  # the version of a document that is not there


def text(n: int, version: int) -> str:
    """A small regulation: the same numbers give the same text, and each version says which it is."""
    chance = random.Random(f"{n} {version}")
    lines = [
        f"{chance.choice(SUBJECTS)} 규정 {n}번의 {chance.randrange(500)}일째 {chance.choice(SUBJECTS)}은(는) {chance.randrange(90)}호에서 다룹니다."
        for _ in range(chance.randrange(2, 5))
    ]
    return f"# 규정 {n}번\n\n{mark(n, version)}\n\n" + "\n\n".join(lines) + "\n"


def mark(n: int, version: int) -> str:
    """A sentence that only this version of this document has."""
    return f"{n}번 규정은 {version}번째 개정판으로 관리 번호는 제{n * 1000 + version}호입니다."


@dataclass
class World:
    """`must` has the version of each source that was acknowledged, `may` the versions that were asked for after that and not
    acknowledged. `votes` are the comments that were acknowledged."""

    root: Path
    must: dict[str, int] = field(default_factory=dict)
    may: dict[str, set[int]] = field(default_factory=dict)
    votes: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)
    files: dict[str, int] = field(default_factory=dict)  # the version of each file that is to be taken in
    made: int = 0

    def configure(self, k: int) -> None:
        """Write the settings."""
        (self.root / "mundap.toml").write_text(CONFIG.format(k=k), "utf-8")

    def new(self, folder: str) -> tuple[str, int]:
        """A source that there was never before, and its number."""
        self.made += 1
        source = f"{folder}/{self.made:05}.md"
        self.numbers[source] = self.made
        return source, self.made

    def asked(self, source: str, version: int) -> None:
        """Note that this version is on its way."""
        self.may.setdefault(source, set()).add(version)

    def acknowledged(self, source: str, version: int) -> None:
        """Note that this version was told to be there."""
        self.must[source] = version
        self.may.pop(source, None)

    def taking_in(self, prune: bool) -> None:
        """Note that an ingest begins: of every file it may take what is on the disk."""
        for source in self.numbers:
            if source.startswith("docs/") and (source in self.files or prune):
                self.asked(source, self.files.get(source, NOTHING))

    def taken_in(self, prune: bool) -> None:
        """Note that an ingest has ended as it should."""
        for source in self.numbers:
            if source.startswith("docs/") and (source in self.files or prune):
                self.acknowledged(source, self.files.get(source, NOTHING))

    def there(self, folder: str) -> list[str]:
        """The sources of a folder that must be there, of which nothing is in the air."""
        return [
            one
            for one, version in sorted(self.must.items())
            if one.startswith(f"{folder}/") and version != NOTHING and one not in self.may
        ]

    def apart(self) -> list[str]:
        """The uploads whose document is of another version than their file, or one of which is not there."""
        with closing(sqlite3.connect(self.root / ".mundap" / "corpus.sqlite")) as db:
            held = dict(db.execute("SELECT source, text FROM documents WHERE source LIKE 'uploads/%'"))
        files = {f"uploads/{file.name}": file.read_text("utf-8") for file in (self.root / "uploads").glob("*.md")}
        versions = [{source: _NUMBER.findall(said)[:1] for source, said in each.items()} for each in (held, files)]
        return sorted(one for one in held.keys() | files.keys() if versions[0].get(one) != versions[1].get(one))

    def settle(self) -> list[str]:
        """What is wrong with what the files hold. What was in the air stays there: the next start may finish or undo it."""
        path = self.root / ".mundap" / "corpus.sqlite"
        wrong = []
        with closing(sqlite3.connect(path)) as db:
            if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return ["the corpus is damaged"]
            orphans = "SELECT count(*) FROM passages WHERE document_id NOT IN (SELECT id FROM documents)"
            empty = "SELECT count(*) FROM documents WHERE id NOT IN (SELECT document_id FROM passages)"
            if db.execute(f"SELECT ({orphans}), ({empty})").fetchone() != (0, 0):
                wrong.append("passages without a document, or a document without passages")
            held = dict(db.execute("SELECT source, text FROM documents"))
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
            comments = {row[0] for row in db.execute("SELECT comment FROM feedback")} if "feedback" in tables else set()
        wrong += [f"the vote {vote} is lost" for vote in sorted(self.votes - comments)]
        for source, n in self.numbers.items():
            allowed = {self.must.get(source, NOTHING), *self.may.get(source, ())}
            found = held.get(source)
            version = NOTHING
            if found is not None:
                version = next((one for one in allowed if one != NOTHING and mark(n, one) in found), NOTHING - 1)
            if version not in allowed:
                wrong.append(f"{source} is version {version}, not {sorted(allowed)}")
            else:
                self.must[source] = version
            if source in self.may:
                self.may[source] = allowed
        wrong += [f"{source} is nobody's" for source in held if source not in self.numbers]
        return wrong
