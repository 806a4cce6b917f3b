"""What can go wrong, as a tree: everything a user can mend is a MundapError with one clear sentence."""

from __future__ import annotations

from collections.abc import Iterable


class MundapError(Exception):
    """Expected: the command line prints its one sentence and exits with 1."""


class ConfigError(MundapError):
    """mundap.toml cannot be read, or holds a value that is not allowed."""


class WorkspaceNotFound(MundapError):
    """No mundap.toml here or above."""


class BadFile(MundapError):
    """A file that cannot be read: it is reported and skipped, the rest goes in."""


class StaleIndex(MundapError):
    """The index does not match the corpus or the settings; the sentence names the command that repairs it."""


class WorkspaceBusy(MundapError):
    """Another process is writing to this workspace."""


class RecordUnreachable(MundapError):
    """The server of the record is away, or was lost in the middle: what was acknowledged before is kept."""


class StorageFull(MundapError):
    """There is no room on the disk; what was written before is still there."""


class StorageLocked(MundapError):
    """A file or folder that may not be written, or not be opened."""


class StorageDamaged(MundapError):
    """A file that is not what was written, or a disk that cannot be read."""


class MissingExtra(MundapError):
    """A package of an optional extra is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"'{package}' 패키지가 없습니다. 설치: pip install 'mundap[{extra}]'"
            f" (package '{package}' is missing; run: pip install 'mundap[{extra}]')"
        )


class UnknownName(MundapError):
    """A name that is in none of the tables."""

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        super().__init__(f"알 수 없는 값입니다: unknown {kind} '{name}'; choose one of: {', '.join(sorted(choices))}")


class BadOption(MundapError):
    """An option with a value that it cannot have; the sentence says which it can."""

    def __init__(self, option: str, value: object, wanted: str) -> None:
        super().__init__(f"{option} {value}: {wanted}.")


class Rejected(MundapError):
    """What somebody gave cannot be taken; the sentence says why."""


class UnknownFilter(MundapError):
    """A filter on a field, or by a value, that no document has."""


class GeneratorError(MundapError):
    """A language model could not be loaded or reached, or stopped in mid answer."""


class ServerError(MundapError):
    """A server of embeddings or scores could not be reached, or did not answer as it should."""


class IndexUnavailable(ServerError):
    """The server of the index cannot be reached now; the same search may succeed later."""


class ExecutorError(MundapError):
    """Whoever does the work for others, a queue or a cluster, cannot be reached, or was lost."""
