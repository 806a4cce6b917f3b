"""mundap search, ask, keywords, chat."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.lines import PIPED, piped, questions
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import MundapError
from mundap.messages import say
from mundap.redact import hidden
from mundap.shapes import answer_json, hit_json
from mundap.types import Answer, Turn

if TYPE_CHECKING:
    from mundap.workspace import Mundap

Question = Annotated[
    list[str],
    typer.Argument(
        help="질문(따옴표가 없어도 됩니다). '-'이면 표준 입력에서 한 줄에 하나씩 읽습니다", metavar="QUESTION"
    ),
]

Persona = Annotated[
    str | None,
    typer.Option(
        help="페르소나: personas 폴더의 파일 이름. ''이면 쓰지 않음 (기본값: generate.persona)",
        show_default=False,
        metavar="NAME",
    ),
]


def search(
    question: Question,
    k: Annotated[int, typer.Option("-k", min=1, help="검색할 문단 수")] = 10,
    leg: Annotated[str, typer.Option(help="bm25, dense, graph, sparse, hybrid")] = "hybrid",
    where: Annotated[
        list[str] | None, typer.Option(help="검색 조건. 이름=값 형식. 예: --where source=관세청 (여러 번 지정 가능)")
    ] = None,
    since: Annotated[str | None, typer.Option(help="이 날짜 이후의 문서만. 예: 2023-05, 작년", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="이 날짜까지의 문서만", metavar="DATE")] = None,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """문단을 검색합니다. 예: mundap search "면세 한도는?" -k 3"""
    from mundap.workspace.mending import notice

    bot = open_workspace(workspace)
    filters = _filters(where) if where else None
    bot.corpus.check_filter((filters or {}).items())
    first, last = _day(since, last=False), _day(until, last=True)
    for one in questions(question):
        mended = bot.mended(one)
        hits = bot.search(one, k=k, leg=leg, where=filters, since=first, until=last)
        if json:
            said = ({"question": one} if question == [PIPED] else {}) | (
                {"searched": mended.text} if mended.words else {}
            )
            for hit in hits:
                show.emit(said | hit_json(hit))
        else:
            if mended.words:
                print(notice(mended, bot.config.language))
            show.print_hits(hits)


def ask(question: Question, persona: Persona = None, workspace: Workspace = HERE, json: Json = False) -> None:
    """질문에 출처와 함께 답합니다. 문서에 답이 없으면 없다고 답합니다. 예: mundap ask "면세 한도는?" """
    bot = open_workspace(workspace)
    for one in questions(question):
        if json:
            show.emit(answer_json(bot.ask(one, persona=persona)))
        else:
            _stream(bot, one, (), persona)


def keywords(question: Question, workspace: Workspace = HERE, json: Json = False) -> None:
    """질문에서 키워드를 추출합니다. 예: mundap keywords "이사화물 통관예약을 하면 뭐가 좋나요?"

    나누지 않을 단어는 [index] user_dictionary에, 동사를 명사로 바꾸는 규칙(뭐 좋다 → 장점)은 [keywords] verbs에 추가하세요.
    """
    bot = open_workspace(workspace)
    for one in questions(question):
        [found] = bot.keywords([one])
        if json:
            show.emit({"question": one, "keywords": found})
        else:
            print(", ".join(found), flush=True)


def chat(persona: Persona = None, workspace: Workspace = HERE) -> None:
    """대화를 시작합니다. 앞의 질문에 이어지는 질문("그건 얼마예요?")도 이해합니다."""
    bot = open_workspace(workspace)
    language = bot.config.language
    bot.components.persona(persona)  # that it is not there should be heard before the first question
    bot.warm()
    print(say("chat", language))
    history: list[Turn] = []
    last: Answer | None = None
    for line in _typed():
        if line in ("/quit", "/exit"):
            break
        if line == "/reset":
            history, last = [], None
            print(say("reset", language))
        elif line == "/sources":
            if last is None:
                print(say("no_sources", language))
            else:
                show.print_passages(last, language)
        elif line == "/help":
            print(say("chat", language))
        elif line.startswith("/"):
            print(say("unknown_command", language, command=line))
        elif line:
            try:
                last = _stream(bot, line, tuple(history), persona)
            except KeyboardInterrupt:  # ends the answer
                print(f"\n{say('stopped', language)}", flush=True)
                continue
            except MundapError as error:  # nor does one that failed end the conversation
                print(f"mundap: {hidden(str(error))}", file=sys.stderr)
                continue
            history.append(Turn(line, last.text))


def _stream(bot: Mundap, question: str, history: tuple[Turn, ...], persona: str | None) -> Answer:
    written = ""
    answer = None
    with show.searching(bot.config.language) as found:
        for piece in bot.stream(question, history, persona=persona):
            found()
            if isinstance(piece, Answer):
                answer = piece
            else:
                written += piece
                print(piece, end="", flush=True)
    assert answer is not None
    print()
    if written.strip() != answer.text.strip():  # citation markers were repaired after the fact
        print(answer.text)
    show.print_sources(answer, bot.config.language)
    print(flush=True)
    return answer


def _typed() -> Iterator[str]:
    if not sys.stdin.isatty():
        yield from (line.strip() for line in piped())
        return
    import readline  # noqa: F401  (gives input() its line editing)

    while True:
        try:
            yield input("> ").strip()
        except EOFError:
            return
        except KeyboardInterrupt:  # clears the line
            print()


def _day(given: str | None, last: bool) -> str | None:
    from mundap.korean.dates import bound

    return None if given is None else bound(given, date.today(), last=last)


def _filters(where: list[str]) -> dict[str, list[str]]:
    filters: dict[str, list[str]] = {}
    for condition in where:
        name, equals, value = condition.partition("=")
        if not equals or not name:
            raise typer.BadParameter(f"'{condition}'은(는) 이름=값 형식이 아닙니다", param_hint="--where")
        filters.setdefault(name, []).append(value)
    return filters
