"""The rows of a query, each a passage, by whatever database SQLAlchemy reaches (extra `sql`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from mundap.errors import ConfigError
from mundap.extras import Untyped, need
from mundap.files import digest_file
from mundap.ingest.frames import cell_text
from mundap.redact import hidden
from mundap.source_settings import SqlSource
from mundap.sources.kinds import plain_name
from mundap.sources.protocol import Fetched, Had, Item, SourceError
from mundap.sources.secrets import from_environment

_BATCH = 1000


class Query:
    """The one table that the query of `settings` gives. A SQLite file is relative to `root`. Raises MissingExtra."""

    def __init__(self, settings: SqlSource, root: Path) -> None:
        self._alchemy = need("sqlalchemy", extra="sql")
        self._settings = settings
        said = from_environment(settings.url_env, settings.name) if settings.url_env else settings.url
        try:
            url = self._alchemy.engine.make_url(said)
            file = url.database or ""
            if url.get_backend_name() == "sqlite" and file and not file.startswith(("file:", ":")):
                url = url.set(database=str(root / file))
                if not (root / file).is_file():  # SQLite would make an empty one
                    raise SourceError(f"{root / file}: 데이터베이스 파일이 없습니다.")
            self._engine: Untyped = self._alchemy.create_engine(url)
        except (self._alchemy.exc.ArgumentError, self._alchemy.exc.NoSuchModuleError) as error:
            raise ConfigError(
                f"{settings.name}: SQLAlchemy 주소가 아닙니다. 예: postgresql+psycopg://사용자@호스트/데이터베이스"
            ) from error
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"{settings.name}: 데이터베이스 드라이버 '{error.name}'이(가) 없습니다. pip install {error.name}"
            ) from error
        self._shown = hidden(url.render_as_string(hide_password=True))

    def items(self) -> Iterator[Item]:
        """The table, as one item: whether it has changed shows only as it is read."""
        yield Item(f"{self._shown}#{self._settings.name}", plain_name(f"{self._settings.name}.json"))

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """The rows, with their values as text. What the query would change is rolled back. Raises SourceError."""
        settings = self._settings
        try:
            with self._engine.connect() as connection, into.open("w", encoding="utf-8") as file:
                # as it is written: neither `:x` nor `%` stands for a parameter
                asking = connection.execution_options(stream_results=True, no_parameters=True)
                rows = asking.exec_driver_sql(settings.query)
                names = _apart(list(map(str, rows.keys())))
                file.write("[")
                number = 0
                for some in rows.partitions(_BATCH):
                    for row in some:
                        number += 1
                        if number > settings.max_rows:
                            raise SourceError(
                                f"{settings.name}: 행이 {settings.max_rows}개를 넘습니다. 질의를 나누거나 max_rows를 늘리세요."
                            )
                        cells = dict(zip(names, map(cell_text, row), strict=True))
                        file.write(f"{',' if number > 1 else ''}\n{json.dumps(cells, ensure_ascii=False)}")
                file.write("\n]\n")
                connection.rollback()
        except self._alchemy.exc.SQLAlchemyError as error:
            said = " ".join(str(getattr(error, "orig", None) or error).split())
            secret = self._engine.url.password or ""
            said = hidden(said.replace(str(secret), "***") if secret else said)
            raise SourceError(f"{self._shown}: 질의를 실행할 수 없습니다({said[:200]}).") from error
        if not number:
            raise SourceError(f"{settings.name}: 질의의 결과에 행이 없습니다. 이전 문서를 그대로 둡니다.")
        return Fetched(digest_file(into), item.name)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _apart(names: list[str]) -> list[str]:
    """The names of columns, those of several tables told apart: 이름, 이름 (2)."""
    apart: dict[str, None] = {}
    for name in names:
        spellings = (f"{name} ({number})" if number > 1 else name for number in count(1))
        apart[next(one for one in spellings if one not in apart)] = None
    return list(apart)
