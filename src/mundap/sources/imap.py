"""A mailbox (RFC 9051): each message a file, as it came. Nothing is changed there, no message is marked as read."""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mundap.errors import ConfigError
from mundap.source_settings import ImapSource
from mundap.sources.protocol import Fetched, Gone, Had, Item, ItemError, SourceError
from mundap.sources.secrets import password

_BATCH = 500  # messages whose sizes are asked for at once
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # whatever the locale
_SIZE = re.compile(rb"UID (\d+)[^)]*RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+)[^)]*UID (\d+)")
_BROKEN = (imaplib.IMAP4.error, OSError, EOFError)


class Mailbox:
    """The messages of `settings`; a password's file is relative to `root`."""

    def __init__(self, settings: ImapSource, root: Path) -> None:
        self._settings = settings
        if not settings.user:
            raise ConfigError(f"{settings.name}: user를 지정하세요.")
        self._password = password(settings.password_env, settings.password_file, root, settings.name)
        self._open: imaplib.IMAP4 | None = None
        self._selected = ""

    def items(self) -> Iterator[Item]:
        """The messages of each folder, in order. A message never changes; its number is another in a folder made anew."""
        for folder in self._settings.folders:
            try:
                valid = self._select(folder)
                uids = self._search()
                for first in range(0, len(uids), _BATCH):
                    for uid, size in self._sizes(uids[first : first + _BATCH]):
                        yield Item(self._address(folder, valid, uid), f"{uid}.eml", valid, size)
            except _BROKEN as error:
                raise SourceError(
                    f"{self._shown}: 메일함 '{folder}'을(를) 읽을 수 없습니다({self._said(error)})."
                ) from error

    def fetch(self, item: Item, into: Path, before: Had | None) -> Fetched | None:
        """The message."""
        folder = next(one for one in self._settings.folders if item.address.startswith(self._address(one, "", "")))
        try:
            self._select(folder)
            _, parts = self._connection.uid("FETCH", item.name.removesuffix(".eml"), "(BODY.PEEK[])")
        except _BROKEN as error:
            self.close()
            raise ItemError(f"{item.address}: 메일을 내려받지 못했습니다({self._said(error)}).") from error
        raw = next((part[1] for part in parts if isinstance(part, tuple)), None)
        if raw is None:
            raise Gone(f"{item.address}: 없는 메일입니다.", 404)
        into.write_bytes(raw)
        return Fetched(item.fingerprint, item.name)

    def close(self) -> None:
        """Sign out."""
        if self._open is not None:
            with suppress(*_BROKEN):
                self._open.logout()
            self._open, self._selected = None, ""

    @property
    def _connection(self) -> imaplib.IMAP4:
        if self._open is None:
            settings = self._settings
            timeout = settings.seconds
            try:
                context = ssl.create_default_context()
                port = settings.port or (993 if settings.tls == "on" else 143)
                if settings.tls == "on":
                    made: imaplib.IMAP4 = imaplib.IMAP4_SSL(settings.host, port, ssl_context=context, timeout=timeout)
                else:
                    made = imaplib.IMAP4(settings.host, port, timeout=timeout)
                if settings.tls == "starttls":
                    made.starttls(context)
            except _BROKEN as error:
                raise SourceError(f"{self._shown}: 메일 서버에 연결할 수 없습니다({self._said(error)}).") from error
            try:
                self._sign_in(made)
            except _BROKEN as error:
                made.shutdown()
                raise SourceError(
                    f"{self._shown}: 메일 서버에 로그인할 수 없습니다({self._said(error)}). user와 비밀번호를 확인하세요."
                ) from error
            self._open, self._selected = made, ""
        return self._open

    def _sign_in(self, made: imaplib.IMAP4) -> None:
        user, secret = self._settings.user, self._password
        if f"{user}{secret}".isascii():
            made.login(user, secret)
        else:  # which LOGIN cannot carry (RFC 9051, 6.2.3)
            made.authenticate("PLAIN", lambda _: f"\0{user}\0{secret}".encode())

    def _select(self, folder: str) -> str:
        """Open a folder for reading; by what the server tells a folder from a later one of its name."""
        connection = self._connection
        if self._selected != folder:
            status, said = connection.select(f'"{_named(folder)}"', readonly=True)
            if status != "OK":
                raise imaplib.IMAP4.error(_text(said))
            self._selected = folder
        _, valid = connection.response("UIDVALIDITY")
        if valid and valid[0]:
            self._valid = _text(valid)
        return self._valid

    def _search(self) -> list[str]:
        since = []
        if self._settings.days:
            day = datetime.now(UTC) - timedelta(days=self._settings.days)
            since = ["SINCE", f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"]
        status, found = self._connection.uid("SEARCH", *(since or ["ALL"]))
        if status != "OK":
            raise imaplib.IMAP4.error(_text(found))
        return (found[0] or b"").decode("ascii", "replace").split()

    def _sizes(self, uids: list[str]) -> Iterator[tuple[str, int]]:
        _, rows = self._connection.uid("FETCH", ",".join(uids), "(UID RFC822.SIZE)")
        for row in rows:
            said = row[0] if isinstance(row, tuple) else row
            if said and (found := _SIZE.search(said)):
                yield (found[1] or found[4]).decode(), int(found[2] or found[3])

    def _address(self, folder: str, valid: str, uid: str) -> str:
        """As RFC 5092 writes it; its beginning, without a `uid`."""
        base = f"imap://{self._settings.host}/{folder.replace(' ', '%20')};UIDVALIDITY="
        return f"{base}{valid}/;UID={uid}" if uid else base

    @property
    def _shown(self) -> str:
        return f"imap://{self._settings.host}"

    def _said(self, error: BaseException) -> str:
        text = " ".join(_text(error.args[:1]).split()) if error.args else type(error).__name__
        return text.replace(self._password, "***")[:200] if self._password else text[:200]


def _text(said: object) -> str:
    first = said[0] if isinstance(said, (list, tuple)) and said else said
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


def _named(folder: str) -> str:
    """A folder's name in IMAP's own UTF-7 (RFC 3501, 5.1.3), quoted."""
    made, beyond = "", ""

    def flush() -> str:
        coded = base64.b64encode(beyond.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
        return f"&{coded}-"

    for letter in folder:
        if " " <= letter <= "~":
            if beyond:
                made, beyond = made + flush(), ""
            made += "&-" if letter == "&" else f"\\{letter}" if letter in '"\\' else letter
        else:
            beyond += letter
    return made + flush() if beyond else made
