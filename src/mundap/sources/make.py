"""From the settings of a source to the part that reads it."""

from __future__ import annotations

from pathlib import Path

from mundap.source_settings import (
    AnySource,
    FolderSource,
    GitSource,
    ImapSource,
    S3Source,
    SqlSource,
    WebdavSource,
    WebSource,
)
from mundap.sources.guard import Resolve, resolve
from mundap.sources.protocol import Source


def make_source(settings: AnySource, root: Path, folder: Path, resolve: Resolve = resolve) -> Source:
    """The source of `settings`. Paths are relative to `root`, and it may keep files of its own in `folder`.

    Raises ConfigError for what is missing, and MissingExtra.
    """
    match settings:
        case FolderSource():
            from mundap.sources.folder import Folder

            return Folder(settings, root)
        case WebSource():
            from mundap.sources.web import Pages

            return Pages(settings, resolve)
        case WebdavSource():
            from mundap.sources.webdav import Webdav

            return Webdav(settings, root, resolve)
        case S3Source():
            from mundap.sources.s3 import S3

            return S3(settings, resolve)
        case ImapSource():
            from mundap.sources.imap import Mailbox

            return Mailbox(settings, root)
        case GitSource():
            from mundap.sources.git import Repository

            return Repository(settings, root, folder, resolve)
        case SqlSource():
            from mundap.sources.sql import Query

            return Query(settings, root)
