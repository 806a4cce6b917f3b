"""Settings that change while the server runs: the workspace is opened anew, aside, and taken once it can answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock, Thread

from mundap.config import FILE
from mundap.errors import MundapError, RecordUnreachable
from mundap.store.settings import SharedSettings
from mundap.workspace import Mundap

log = logging.getLogger(__name__)

_SECOND = 1.0


class Reread:
    """Looks whether mundap.toml has changed since `bot` was opened, and gives `put` the workspace under the new settings.

    Settings that cannot be used leave the old ones in use, with a line in the log: an encoder has no index before
    `mundap index`. They are tried again when they, or the index, change.
    """

    def __init__(self, bot: Mundap, put: Callable[[Mundap], None]) -> None:
        self._file = bot.root / FILE
        self._put = put
        self._shared = None if isinstance(bot.record, Path) else SharedSettings(bot.record)
        self._looked = -_SECOND
        self._known: object = None
        self._used = self._version()
        self._tried: tuple[object, str | None] = (self._used, None)
        self._trying = Lock()

    def look(self, generation: str | None) -> None:
        """Begin to open the workspace anew if there are other settings, or another `generation` than they failed with."""
        version = self._version()
        if version == self._used or (version, generation) == self._tried or not self._trying.acquire(blocking=False):
            return
        self._tried = (version, generation)
        Thread(target=self._try, args=(version,), name="reread", daemon=True).start()

    def _try(self, version: object) -> None:
        try:
            bot = Mundap.open(self._file)
            bot.search_what_is_indexed()
            bot.warm()
            self._put(bot)
            self._used = version
            log.warning("%s: 변경된 설정을 적용합니다.", self._file)
        except MundapError as error:
            log.warning("변경된 설정을 아직 적용할 수 없어 이전 설정을 사용합니다: %s", error)
        finally:
            self._trying.release()

    def _version(self) -> object:
        """Of the file, and of what was changed at other servers, which is looked for once in a second."""
        now = time.monotonic()
        if self._shared is not None and now - self._looked > _SECOND:
            self._looked = now
            with suppress(RecordUnreachable):  # then what is known is used
                self._known = self._shared.version
        try:
            status = self._file.stat()
        except OSError:
            return None, self._known
        return (status.st_mtime_ns, status.st_ino, status.st_size), self._known
