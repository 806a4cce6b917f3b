"""Sources kept in step behind the server: each is fetched aside when its time has come, and read in the queue of writes."""

from __future__ import annotations

import asyncio
import logging
from threading import Thread

from mundap.errors import MundapError, WorkspaceBusy
from mundap.redact import hidden
from mundap.serve.service import Service
from mundap.source_settings import AnySource
from mundap.stopping import Stop, Stopped, pause
from mundap.workflows.sync import Brought, SourceReport, alone, due, fetch, take
from mundap.workspace import Mundap

log = logging.getLogger(__name__)

_LOOK = 5.0  # seconds between two looks at what is due, and at the settings


class Syncing:
    """A thread that lives as long as the server. With several servers over one workspace, one of them does each run."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = Stop()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: dict[str, None] = {}

    def begin(self) -> None:
        """Start, in the event loop of the server; sources that are added to the settings later are seen, too."""
        self._loop = asyncio.get_running_loop()
        Thread(target=self._run, name="sync", daemon=True).start()  # a kill leaves what is whole

    def end(self) -> None:
        """Have a run that goes on end at its next piece."""
        self._stop.set()

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the sources that are looked at just now."""
        return tuple(self._running)

    def sync(self, bot: Mundap, settings: AnySource) -> SourceReport:
        """Bring one source in step, now; its report when what changed is found. Raises WorkspaceBusy while that is being
        done, and MundapError."""
        with self._stop.heard(), alone(bot):
            self._running[settings.name] = None
            try:
                brought = fetch(bot, settings)
                assert self._loop is not None
                return asyncio.run_coroutine_threadsafe(self._taken(bot, brought), self._loop).result()
            finally:
                self._running.pop(settings.name, None)

    def _run(self) -> None:
        with self._stop.heard():
            try:
                while True:
                    bot = self._service.bot
                    ready = due(bot)[0] if bot.config.sources else []
                    for settings in ready:
                        self._one(bot, settings)
                    pause(_LOOK)
            except Stopped:
                return

    def _one(self, bot: Mundap, settings: AnySource) -> None:
        try:
            report = self.sync(bot, settings)
        except WorkspaceBusy:
            return  # another process is at it; it is due again
        except MundapError as error:
            log.warning("출처 '%s'을(를) 동기화하지 못했습니다: %s", settings.name, hidden(str(error)))
            return
        except Exception:
            log.exception("source %s", settings.name)  # the others, and later runs, go on
            return
        if report.error:
            log.warning("출처 '%s': %s", settings.name, hidden(report.error))
        if report.changed:
            log.warning(
                "출처 '%s': 추가 %d, 변경 %d, 삭제 %d", settings.name, report.added, report.updated, report.removed
            )

    async def _taken(self, bot: Mundap, brought: Brought) -> SourceReport:
        """Have it read and indexed, behind uploads."""
        return await self._service.writes.flow(lambda: iter([self._read(bot, brought)])).next()

    def _read(self, bot: Mundap, brought: Brought) -> SourceReport:
        report = take(bot, brought)
        if report.changed and bot.corpus.counts()[0]:
            self._service.index()
        return report
