"""mundap synth: training data from what the workspace has."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mundap.cli import show
from mundap.cli.options import HERE, Json, Workspace, open_workspace
from mundap.errors import ConfigError, MundapError

if TYPE_CHECKING:
    from mundap.generate.structured import Completer
    from mundap.synth.keywords import Labeller
    from mundap.workspace import Mundap

app = typer.Typer(no_args_is_help=True, help="학습 데이터를 생성합니다.", rich_markup_mode=None)


PerMinute = Annotated[int, typer.Option("--per-minute", min=0, help="언어 모델의 분당 최대 요청 수 (0: 제한 없음)")]
Resume = Annotated[
    bool, typer.Option("--resume", help="중단된 곳부터 이어서 합니다. 이미 만든 행은 수정한 내용까지 그대로 유지합니다")
]


class By(StrEnum):
    """Who makes the data."""

    rules = "rules"
    llm = "llm"


@app.callback()
def verbs() -> None:
    """학습 데이터를 생성합니다."""


@app.command()
def keywords(
    out: Annotated[Path, typer.Option(help="저장할 파일: query와 keyword 열이 있는 .tsv", show_default=False)],
    questions: Annotated[
        str | None,
        typer.Option(
            help="질문 파일(xlsx, csv, json 등 또는 한 줄에 질문 하나인 .txt). '-'이면 표준 입력 (기본값: 읽어 들인 Q/A)",
            show_default=False,
        ),
    ] = None,
    by: Annotated[By, typer.Option(help="rules: 형태소 규칙과 사용자 사전, llm: mundap.toml의 언어 모델")] = By.rules,
    per_minute: PerMinute = 0,
    resume: Resume = False,
    workspace: Workspace = HERE,
    json: Json = False,
) -> None:
    """질문마다 키워드를 달아 mundap train keywords의 학습 데이터를 생성합니다."""
    from mundap.evaluate.keywords import keywords_tsv, read_keywords
    from mundap.files import write_atomically
    from mundap.korean.normalize import squash
    from mundap.synth.journal import Journal, journal_of
    from mundap.synth.keywords import distinct, label

    bot = open_workspace(workspace)
    check_out(out, ".tsv", resume)
    labeller = _labeller(bot, by, per_minute)
    kept = read_keywords(out) if out.exists() else ()
    had = {squash(one.question) for one in kept}
    asked = [question for question in distinct(_asked(bot, questions)) if squash(question) not in had]
    journal = Journal(journal_of(out), labeller.name, resume)
    with show.bar("키워드") as progress:
        made = label(asked, labeller, journal, progress)
    whole = (*kept, *made.tagged)
    if not whole:
        raise MundapError("키워드를 추출할 수 있는 질문이 없습니다. 질문을 확인하세요.")
    write_atomically(out, keywords_tsv(whole))
    if not made.failed:
        journal.path.unlink()
    counts = {"rows": len(whole), "new": len(made.tagged), "without": made.without, "failed": made.failed}
    if json:
        show.emit({"file": str(out), "by": labeller.name, **counts})
        return
    print(f"{out}: 질문 {counts['rows']}개 (추가 {counts['new']}개, 키워드가 없어 제외 {counts['without']}개)")
    if made.failed:
        print(f"언어 모델이 답하지 못한 질문 {made.failed}개: 같은 명령을 --resume과 함께 실행하면 다시 시도합니다.")
    print("결과를 검토하고 수정한 뒤 실행하세요: mundap train keywords --data", out, "--out 이름")


def _asked(bot: Mundap, given: str | None) -> list[str]:
    from mundap.cli.lines import questions as lines
    from mundap.errors import BadFile
    from mundap.evaluate.questions import read_questions
    from mundap.ingest.encoding import decode

    if given == "-":
        return list(lines("-"))
    if given is None:
        known = [known.question for known in bot.corpus.questions()]
        if not known:
            raise MundapError(
                "읽어 들인 문서에 질문이 없습니다. 질문 파일을 지정하세요: mundap synth keywords --questions 질문.xlsx"
            )
        return known
    path = Path(given)
    if path.suffix.lower() != ".txt":
        return [question.question for question in read_questions(path).items]
    if not path.is_file():
        raise BadFile(f"{path}: 질문 파일이 없습니다. 경로를 확인하세요.")
    return decode(path.read_bytes(), path.name).splitlines()


def check_out(out: Path, suffix: str, resume: bool) -> None:
    """Raises MundapError for a name that another format has, or a file that would be written over."""
    if out.suffix.lower() != suffix:
        raise MundapError(f"{out}: 파일 확장자가 {suffix}이어야 합니다. 예: --out {out.with_suffix(suffix)}")
    if out.exists() and not resume:
        raise MundapError(
            f"{out}: 이미 있는 파일입니다. 이어서 생성하려면 --resume을 붙이고, 새로 만들려면 다른 이름을 지정하세요."
        )
    if not out.parent.is_dir():
        raise MundapError(f"{out.parent}: 폴더가 없습니다. 폴더를 만든 뒤 다시 실행하세요.")


def check_whole(out: Path, suffix: str, resume: bool) -> None:
    """As `check_out`, for a file that a run makes whole: what is finished may have been mended by hand, and stays."""
    from mundap.synth.journal import journal_of

    if resume and out.exists() and not journal_of(out).is_file():
        raise MundapError(f"{out}: 이미 모두 생성했습니다. 새로 만들려면 다른 이름을 지정하세요.")
    check_out(out, suffix, resume)


def completer_of(bot: Mundap, per_minute: int) -> Completer:
    """The language model of the settings, asked at most that often. Raises ConfigError if it is none."""
    from mundap.generate.structured import Completer
    from mundap.synth.pace import Paced

    if not isinstance(bot.generator, Completer):
        raise ConfigError(
            "--by llm에는 언어 모델이 필요합니다. mundap.toml의 generate.generator를 gguf:, openai:, transformers: 중 하나로 바꾸세요."
        )
    return Paced(bot.generator, per_minute)


def _labeller(bot: Mundap, by: By, per_minute: int) -> Labeller:
    from mundap.synth.keywords import ByModel, ByRules

    if by is By.rules:
        return ByRules(bot.keywords, _rules(bot))
    return ByModel(completer_of(bot, per_minute))


def _rules(bot: Mundap) -> str:
    """Another text whenever the rules would find other keywords."""
    from mundap.files import digest
    from mundap.korean.kiwi import kiwi_version

    own = (bot.config.index.user_dictionary, bot.config.keywords.verbs)
    return digest(kiwi_version(), *((bot.root / name).read_bytes() if name else b"" for name in own))
