"""What a server does by itself: it indexes what was left over, or came in elsewhere, forgets what is too old, and watches the disk."""

from __future__ import annotations

import logging
import sqlite3
import time
from threading import Thread
from typing import TYPE_CHECKING

from mundap.errors import IndexUnavailable, MundapError, RecordUnreachable, WorkspaceBusy
from mundap.progress import INDEX
from mundap.stopping import Stopped
from mundap.store.audit import Actor
from mundap.workflows import erase
from mundap.workflows.doctor import misspelt_told

if TYPE_CHECKING:
    from mundap.serve.service import Service

log = logging.getLogger(__name__)

_TICK = 1.0  # seconds between two looks at the clock, and between two tries to index while another process writes
_MINUTE, _HOUR = 60, 3600
_PATIENCE = 0.5  # seconds for which others may not write while the log is emptied
ACTOR = Actor("mundap serve", "local")


class Chores:
    """Those of `service`, in threads that end with the process: a kill leaves everything as it was."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._low = ""

    def begin(self) -> None:
        """Begin."""
        Thread(target=self._index_rest, name="index", daemon=True).start()
        Thread(target=self._by_the_clock, name="chores", daemon=True).start()
        if self._service.bot.shared:
            Thread(target=self._follow, name="follow", daemon=True).start()

    def _index_rest(self) -> None:
        """Index what was taken in before the last end of the server, or of an ingest, and not indexed."""
        while not self._service.leaving:
            try:
                self._service.writes.own(self._index_once).result()
                return
            except (WorkspaceBusy, IndexUnavailable):
                time.sleep(_TICK)
            except Stopped:
                return
            except MundapError as error:
                log.warning("색인하지 못했습니다: %s", error)
                return

    def _follow(self) -> None:
        """Index what came into the record by others, such as a server on another machine. What went is never shown."""
        seen = ""
        while not self._service.leaving:
            time.sleep(_TICK)
            try:
                bot = self._service.bot
                state = bot.corpus.state()
                if state != seen and bot.unindexed:
                    self._index_rest()
                seen = state
            except RecordUnreachable as error:
                log.warning("%s", error)
            except MundapError as error:  # an index of other settings: the next request is told
                log.info("%s", error)

    def _index_once(self) -> None:
        """In the turn of what is written, so that uploads and deletes wait for it. Raises Stopped when the server ends."""
        service = self._service
        self._go_on(0, 0)
        service.bot.settle()
        if not service.bot.unindexed:
            return
        log.warning("아직 색인되지 않은 문서를 색인합니다. 그동안 이미 색인된 문서로 답합니다.")
        service.index(dict.fromkeys(INDEX, self._go_on))
        log.warning("색인을 마쳤습니다.")

    def _go_on(self, done: int, total: int) -> None:
        if self._service.leaving:
            raise Stopped

    def _by_the_clock(self) -> None:
        if misspelt := misspelt_told(self._service.bot.empty_folders):
            log.warning(misspelt)
        look = forget = 0.0
        while not self._service.leaving:
            now = time.monotonic()
            if now >= look:
                look = now + _MINUTE
                self._look_at_disk()
            if now >= forget:
                forget = now + (_HOUR if self._forget() else _MINUTE)
            time.sleep(_TICK)

    def _look_at_disk(self) -> None:
        """Warn once when the room gets low, and say once that there is enough again."""
        low = self._service.low_disk
        if low and not self._low:
            log.warning(low)
        elif self._low and not low:
            log.warning("디스크에 남은 공간이 다시 충분합니다.")
        self._low = low

    def _forget(self) -> bool:
        """Erase what is older than `[retention]` allows; whether it is in no file any more."""
        service = self._service
        try:
            done = erase.expired(service.bot, _PATIENCE)
        except WorkspaceBusy:
            return False  # another process reads the log: again in a minute
        except (MundapError, sqlite3.Error, OSError) as error:
            log.warning("보관 기간이 지난 것을 지우지 못했습니다: %s", error)
            return True
        if done.answers or done.turns:
            service.note(ACTOR, "erase", ["expired"], f"answers {done.answers}, votes {done.votes}, turns {done.turns}")
        return True
