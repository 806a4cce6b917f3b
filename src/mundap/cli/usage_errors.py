"""Usage errors in Korean: what typer says in English, told again."""

from __future__ import annotations

import re
import sys

import typer

UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer has no public name for it
EXIT = 2

# The longest first where one begins another. A text that none of them knows stays as it is.
_TOLD = tuple(
    (re.compile(english, re.DOTALL), korean)
    for english, korean in (
        (r"No such option: (\S+) \(Possible options: (.+)\)", r"\1: 없는 옵션입니다. 비슷한 옵션: \2"),
        (r"No such option: (\S+)\.? Did you mean (.+)\?", r"\1: 없는 옵션입니다. 비슷한 옵션: \2"),
        (r"No such option: (\S+)", r"\1: 없는 옵션입니다."),
        (r"No such command '(.*?)'\. Did you mean (.+)\?", r"'\1': 없는 명령입니다. 비슷한 명령: \2"),
        (r"No such command '(.*?)'\.?", r"'\1': 없는 명령입니다."),
        (r"Missing command\.", "명령이 없습니다."),
        (r"Missing (?:argument|option|parameter) (.+?)\.(?: Choose from:\s*(.+))?", r"\1 값이 필요합니다."),
        (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"받지 않는 인자입니다: \1"),
        (r"Option '(.+?)' requires an? argument\.?", r"옵션 \1에 값이 필요합니다."),
        (r"Option '(.+?)' does not take a value\.?", r"옵션 \1은(는) 값을 받지 않습니다."),
        (r"Invalid value for (.+?): (.+)", r"\1의 값이 올바르지 않습니다: \2"),
        (r"Invalid value: (.+)", r"값이 올바르지 않습니다: \1"),
    )
)
_WHY = tuple(
    (re.compile(english), korean)
    for english, korean in (
        (r"Input should be a valid integer.*", "정수여야 합니다"),
        (r"Input should be a valid (?:number|float).*", "숫자여야 합니다"),
        (r"Input should be a valid boolean.*", "true 또는 false여야 합니다"),
        (r"Input should be greater than or equal to (\S+)", r"\1 이상이어야 합니다"),
        (r"Input should be less than or equal to (\S+)", r"\1 이하여야 합니다"),
        (r"Input should be greater than (\S+)", r"\1보다 커야 합니다"),
        (r"Input should be less than (\S+)", r"\1보다 작아야 합니다"),
        (r"Input should be (.+)", r"다음 중 하나여야 합니다: \1"),
        (r"(.+) is not one of (.+)\.", r"\1은(는) 없는 값입니다. 다음 중 하나여야 합니다: \2"),
        (r"(?:File|Path|Directory) (.+) does not exist\.", r"\1이(가) 없습니다"),
        (r"(?:File|Path|Directory) (.+) is a directory\.", r"\1은(는) 폴더입니다"),
        (r"(?:File|Path|Directory) (.+) is a file\.", r"\1은(는) 파일입니다"),
        (r"(?:File|Path|Directory) (.+) is not (?:readable|writable)\.", r"\1을(를) 사용할 권한이 없습니다"),
    )
)


def in_korean(message: str) -> str:
    """The message of a usage error, and the reason inside it."""
    for english, korean in _TOLD:
        if found := english.fullmatch(message):
            for number, part in enumerate(found.groups(), 1):
                korean = korean.replace(f"\\{number}", _why(part or "").replace(" or ", ", "))
            return korean
    return message


def show(error: Exception) -> None:
    """How the command is used, where its help is, and what was wrong, on standard error."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()  # type: ignore[attr-defined]
        return
    context = getattr(error, "ctx", None)
    if context is not None:
        print(context.get_usage().replace("Usage:", "사용법:", 1), file=sys.stderr)
        print(f"도움말: {context.command_path} --help\n", file=sys.stderr)
    print(f"오류: {in_korean(error.format_message())}", file=sys.stderr)  # type: ignore[attr-defined]


def _why(reason: str) -> str:
    reason = reason.removeprefix("Value error, ")
    for english, korean in _WHY:
        if found := english.fullmatch(reason):
            return found.expand(korean)
    return reason
