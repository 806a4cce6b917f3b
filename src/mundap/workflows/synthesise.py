"""Training data from what the workspace has: questions with answers, rankings, keywords, answers in a persona's voice.

Each function writes the file `out`, and beside it a journal until that is whole: with `resume`, a run that was broken off
goes on where it stopped. `by` says who makes the data: "rules", or "llm", the language model of the settings, which is
asked `per_minute` times a minute at most (0: as often as it answers; else it is asked from this machine alone, which can keep
to that). `progress` is called with what is done and its number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Literal

from mundap.errors import BadFile, ConfigError, MundapError
from mundap.evaluation.judge import Judge
from mundap.evaluation.keywords import keywords_tsv, read_keywords
from mundap.evaluation.questions import Question, read_questions
from mundap.files import digest, write_atomically
from mundap.generate.cite import repair
from mundap.generate.persona import Persona
from mundap.generate.structured import Completer
from mundap.generate.support import support
from mundap.ingest.encoding import decode
from mundap.korean.kiwi import kiwi_version
from mundap.korean.normalize import squash
from mundap.protocols import Progress, quiet
from mundap.synth import completions
from mundap.synth import keywords as labelling
from mundap.synth import persona as rewriting
from mundap.synth import qa as making
from mundap.synth.journal import Journal, journal_of
from mundap.synth.qa_rules import ByRules
from mundap.synth.rate_limit import Paced
from mundap.training.common.pairs import questions_in
from mundap.types import Hit, Json, Passage
from mundap.workflows import spread
from mundap.workflows.synthesis_reports import KeywordsReport as KeywordsReport
from mundap.workflows.synthesis_reports import PersonaReport as PersonaReport
from mundap.workflows.synthesis_reports import QaReport as QaReport
from mundap.workflows.synthesis_reports import RankReport as RankReport
from mundap.workspace import Mundap
from mundap.workspace.components import FOLDER

By = Literal["rules", "llm"]
OrderedBy = Literal["metrics", "llm"]
_PASSAGES, _QUESTIONS, _ANSWERS = 8, 64, 2  # of a batch: to make questions of, to read by rules, to write with a model


# -- questions and answers --------------------------------------------------------------------------------------------


def qa(
    bot: Mundap,
    out: str | Path,
    *,
    by: By = "rules",
    most: int = 3,
    ranking: str | Path | None = None,
    per_minute: int = 0,
    resume: bool = False,
    progress: Progress = quiet,
) -> QaReport:
    """At most `most` questions of each parent passage with short, medium and long answers, into a .jsonl file.

    What the passage does not bear out is left out. `ranking` is a .json file for the questions with all three answers, the
    longer before the shorter. With `resume`, rows that are in the file stay as they are. Raises MundapError for a file that
    cannot be written, or where nothing can be made.
    """
    file, ranked_file = Path(out), None if ranking is None else Path(ranking)
    _check_out(file, ".jsonl", resume)
    if ranked_file:
        _check_out(ranked_file, ".json", resume)
    maker = qa_maker(bot, by, per_minute)
    kept = _kept(file) if file.exists() else []
    had = {row["passage_id"] for row in kept}
    passages = [p for p in bot.corpus.all_passages() if p.parent_id == p.id and p.id not in had]
    if not passages and not kept:
        raise MundapError("읽어 들인 문서가 없습니다. 먼저 실행하세요: mundap ingest")
    known = [*(str(row["question"]) for row in kept), *(q.question for q in bot.corpus.questions())]
    journal = Journal[list[list[str]]](journal_of(file), f"{maker.name}:{most}", resume)
    asked = [p.id for p in passages if p.id not in journal.found]
    judged: dict[tuple[str, making.Made], making.Judged] = {}
    if not per_minute and spread.travels(bot, len(asked), _PASSAGES):
        for n, found in spread.each(bot, "qa", asked, _PASSAGES, about=(by, most), progress=progress, keep=False):
            if found is not None:
                journal.add({asked[n]: [list(texts) for texts, _ in found]})
                judged |= {(asked[n], making.Made(*texts)): making.Judged(*said) for texts, said in found if said}
        maker, progress = making.Failing(maker.name), quiet
    made = making.synthesize(
        passages, maker, checks(bot), journal, most=most, known=known, progress=progress, judged=judged
    )
    rows = [*kept, *(row.to_json() for row in made.rows)]
    if not rows:
        raise MundapError("질문을 만들 수 없습니다. 문장으로 된 문서인지 확인하거나 --by llm으로 실행하세요.")
    write_atomically(file, making.jsonl(rows))
    ranked = completions.lengths(rows)
    if ranked_file:
        write_atomically(ranked_file, completions.to_json(ranked))
    if not made.failed:
        journal.path.unlink()
    return QaReport(
        file,
        maker.name,
        rows=len(rows),
        new=len(made.rows),
        passages=len(passages),
        without=made.without,
        failed=made.failed,
        with_three_answers=len(ranked),
        refused=dict(made.refused),
    )


def qa_maker(bot: Mundap, by: By, per_minute: int = 0) -> making.Maker:
    """Who makes questions."""
    return ByRules() if by == "rules" else making.ByModel(_completer(bot, per_minute))


def checks(bot: Mundap) -> making.Checks:
    """The checks by the workspace's own measures of support and of words. Raises StaleIndex as a search does."""
    return making.Checks(
        lambda question, passage: support(
            bot.components.reader.read(question, [Hit(passage, 1.0, 1)]),
            bot.components.calibration,
            bot.components.reader_model,
        ),
        lambda sentence, passage: bot.components.reader.shares(sentence, [passage.worded])[0],
        bot.config.generate.min_support,
    )


def _kept(file: Path) -> list[dict[str, Json]]:
    rows: list[dict[str, Json]] = []
    for number, line in enumerate(file.read_text("utf-8").split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
                rows.append({**row, "question": str(row["question"]), "passage_id": str(row["passage_id"])})
            except (ValueError, KeyError, TypeError) as error:
                raise BadFile(
                    f"{file.name} {number}번째 줄: question과 passage_id가 있는 JSON이 아닙니다({error})."
                    " 해당 줄을 수정하거나 삭제하세요."
                ) from error
    return rows


# -- rankings ---------------------------------------------------------------------------------------------------------


def rank(
    bot: Mundap,
    out: str | Path,
    *,
    data: str | Path | None = None,
    by: OrderedBy = "metrics",
    per_minute: int = 0,
    resume: bool = False,
    progress: Progress = quiet,
) -> RankReport:
    """Three answers to each question in order, into a .json file: the recorded one, and two that the generator writes.

    One of these is written from the gold passage, the other from what was found beside it. `data` is a file of questions
    with answers and passages (default: those of the corpus). They are ordered by how near they are to the recorded answer,
    or by the grades of the language model. Raises MundapError for a file that cannot be written or has nothing to rank.
    """
    file = Path(out)
    _check_whole(file, ".json", resume)
    asked = [q for q in questions_in(bot.corpus, None if data is None else Path(data))[0] if q.answer and q.gold]
    if not asked:
        raise MundapError(
            "답변과 제시문이 모두 있는 질문이 없습니다. --data로 지정하거나 mundap synth qa로 생성하세요."
        )
    golds = _golds(bot, asked)
    prompts = [
        completions.Prompt(one.question, one.answer, (golds[one.question][0].text,))
        for one in asked
        if one.question in golds
    ]
    maker = f"{by}:{bot.components.generator.name}:{bot.config.generate.temperature}"
    path = journal_of(file)
    journal = Journal[dict[str, Json] | None](path, maker, resume)

    def here(prompt: completions.Prompt) -> list[str]:
        return completed(bot, prompt, golds[prompt.question])

    complete: completions.Complete = here
    left = [prompt for prompt in prompts if squash(prompt.question) not in journal.found]
    if spread.travels(bot, len(left), _ANSWERS):
        items = [(prompt, tuple(passage.id for passage in golds[prompt.question])) for prompt in left]
        texts = {left[n]: found for n, found in spread.each(bot, "complete", items, _ANSWERS, progress=progress)}
        complete, progress = texts.__getitem__, quiet
    if by == "llm":
        judge = Judge(_completer(bot, per_minute), bot.root / FOLDER / "judge.sqlite")
        with closing(judge):
            made = completions.rank(prompts, complete, completions.judged(judge), journal, progress)
    else:
        made = completions.rank(prompts, complete, completions.closeness, journal, progress)
    if not made.rows:
        raise MundapError("순위를 매길 수 있는 질문이 없습니다. 답변 세 개가 서로 달라야 합니다.")
    write_atomically(file, completions.to_json(made.rows))
    if not made.ungraded:
        path.unlink()
    return RankReport(
        file,
        maker,
        rows=len(made.rows),
        alike=made.alike,
        ungraded=made.ungraded,
        missing=len(asked) - len(prompts),
    )


def _golds(bot: Mundap, asked: Sequence[Question]) -> dict[str, list[Passage]]:
    """The gold passages of each question that are in the corpus."""
    parent_passages = {squash(p.text): p for p in bot.corpus.all_passages() if p.parent_id == p.id}
    answering = [(q, [parent_passages[text] for text in map(squash, q.gold) if text in parent_passages]) for q in asked]
    return {q.question: passages for q, passages in answering if passages}


def completed(bot: Mundap, prompt: completions.Prompt, golds: Sequence[Passage]) -> list[str]:
    """The three completions of a prompt whose gold passages these are."""
    right = {passage.id for passage in golds}
    others = [hit for hit in bot.find(prompt.question) if hit.passage.id not in right]
    shown = [[Hit(golds[0], 1.0, 1)], [Hit(hit.passage, hit.score, n) for n, hit in enumerate(others, 1)]]
    return [prompt.answer, *(_text(bot, prompt.question, hits) for hits in shown)]


def _text(bot: Mundap, question: str, hits: list[Hit]) -> str:
    """What the generator writes from these, markers aside."""
    return repair(bot.components.generator.answer(question, hits).text, 0).strip()


# -- keywords ---------------------------------------------------------------------------------------------------------


def keywords(
    bot: Mundap,
    out: str | Path,
    *,
    questions: Sequence[str] | None = None,
    by: By = "rules",
    per_minute: int = 0,
    resume: bool = False,
    progress: Progress = quiet,
) -> KeywordsReport:
    """The keywords of each of the `questions` (default: those of the corpus), into a .tsv file for `mundap train keywords`.

    With `resume`, rows that are in the file stay as they are. Raises MundapError for a file that cannot be written, or where
    no question has keywords.
    """
    file = Path(out)
    _check_out(file, ".tsv", resume)
    labeller = labeller_of(bot, by, per_minute)
    kept = read_keywords(file) if file.exists() else ()
    had = {squash(one.question) for one in kept}
    given = _known(bot) if questions is None else questions
    asked = [question for question in labelling.distinct(given) if squash(question) not in had]
    journal = Journal[Sequence[str]](journal_of(file), labeller.name, resume)
    left = [question for question in asked if question not in journal.found]
    size = _QUESTIONS if by == "rules" else _ANSWERS
    if not per_minute and spread.travels(bot, len(left), size):
        for n, words in spread.each(bot, "label", left, size, about=(by,), progress=progress, keep=False):
            if words is not None:
                journal.add({left[n]: labelling.usable(words)})
        labeller, progress = labelling.Failing(labeller.name), quiet
    made = labelling.label(asked, labeller, journal, progress)
    whole = (*kept, *made.tagged)
    if not whole:
        raise MundapError("키워드를 추출할 수 있는 질문이 없습니다. 질문을 확인하세요.")
    write_atomically(file, keywords_tsv(whole))
    if not made.failed:
        journal.path.unlink()
    return KeywordsReport(
        file, labeller.name, rows=len(whole), new=len(made.tagged), without=made.without, failed=made.failed
    )


def question_texts(path: str | Path) -> list[str]:
    """The questions of a question file, or of a .txt file with one a line. Raises BadFile for what cannot be read."""
    file = Path(path)
    if file.suffix.lower() != ".txt":
        return [question.question for question in read_questions(file).items]
    if not file.is_file():
        raise BadFile(f"{file}: 질문 파일이 없습니다. 경로를 확인하세요.")
    return decode(file.read_bytes(), file.name).splitlines()


def _known(bot: Mundap) -> list[str]:
    known = [known.question for known in bot.corpus.questions()]
    if not known:
        raise MundapError(
            "읽어 들인 문서에 질문이 없습니다. 질문 파일을 지정하세요: mundap synth keywords --questions 질문.xlsx"
        )
    return known


def labeller_of(bot: Mundap, by: By, per_minute: int = 0) -> labelling.Labeller:
    """Who gives keywords to questions."""
    if by == "rules":
        return labelling.ByRules(bot.keywords, _rules(bot))
    return labelling.ByModel(_completer(bot, per_minute))


def _rules(bot: Mundap) -> str:
    """Another text whenever the rules would find other keywords."""
    own = (bot.config.index.user_dictionary, bot.config.keywords.verbs)
    return digest(kiwi_version(), *((bot.root / name).read_bytes() if name else b"" for name in own))


# -- a persona's voice ------------------------------------------------------------------------------------------------


def persona(
    bot: Mundap,
    name: str,
    out: str | Path,
    *,
    data: str | Path | None = None,
    by: By = "rules",
    per_minute: int = 0,
    resume: bool = False,
    progress: Progress = quiet,
) -> PersonaReport:
    """Answers rewritten in the voice of the persona `name`, into a .jsonl file; what is out of tune or says else is left out.

    `data` is a file of questions with answers (default: those of the corpus). Raises MundapError for a file that cannot be
    written, or where no answer is left, UnknownName for a persona that is not there.
    """
    file = Path(out)
    _check_whole(file, ".jsonl", resume)
    voice = bot.components.persona(name)
    if voice is None:
        raise MundapError("페르소나 이름을 지정하세요. 예: mundap synth persona 풋살 --out 풋살.jsonl")
    asked = [q for q in questions_in(bot.corpus, None if data is None else Path(data))[0] if q.answer]
    if not asked:
        raise MundapError("답변이 있는 질문이 없습니다. 답변이 있는 파일을 --data로 지정하세요.")
    rewriter = rewriter_of(bot, voice, by, per_minute)
    journal = Journal[tuple[str, str]](journal_of(file), rewriter.name, resume)
    left = [one for one in asked if rewriting.key_of(one) not in journal.found]
    size = _QUESTIONS if by == "rules" else _ANSWERS
    if not per_minute and spread.travels(bot, len(left), size):
        answers = [one.answer for one in left]
        for n, found in spread.each(bot, "rewrite", answers, size, about=(name, by), progress=progress, keep=False):
            journal.add({rewriting.key_of(left[n]): found})
        progress = quiet
    made = rewriting.rewrite(asked, voice, rewriter, journal, progress)
    if not made.rows:
        dropped = sum(made.dropped.values())
        raise MundapError(
            f"말투에 맞는 답변을 만들지 못했습니다(제외 {dropped}개). --by llm을 사용하거나 더 큰 모델로 시도하세요."
        )
    write_atomically(file, making.jsonl(made.rows))
    journal.path.unlink()
    return PersonaReport(file, rewriter.name, voice.name, len(made.rows), dict(made.dropped))


def rewriter_of(bot: Mundap, voice: Persona, by: By, per_minute: int = 0) -> rewriting.Rewriter:
    """Who rewrites answers in this voice."""
    return rewriting.ByRules(voice) if by == "rules" else rewriting.ByModel(voice, _completer(bot, per_minute))


# -- what all need ----------------------------------------------------------------------------------------------------


def _check_out(out: Path, suffix: str, resume: bool) -> None:
    """Raises MundapError for a name that another format has, or a file that would be written over."""
    if out.suffix.lower() != suffix:
        raise MundapError(f"{out}: 파일 확장자가 {suffix}이어야 합니다. 예: --out {out.with_suffix(suffix)}")
    if out.exists() and not resume:
        raise MundapError(
            f"{out}: 이미 있는 파일입니다. 이어서 생성하려면 --resume을 붙이고, 새로 만들려면 다른 이름을 지정하세요."
        )
    if not out.parent.is_dir():
        raise MundapError(f"{out.parent}: 폴더가 없습니다. 폴더를 만든 뒤 다시 실행하세요.")


def _check_whole(out: Path, suffix: str, resume: bool) -> None:
    """As `_check_out`, for a file that a run makes whole: what is finished may have been mended by hand, and stays."""
    if resume and out.exists() and not journal_of(out).is_file():
        raise MundapError(f"{out}: 이미 모두 생성했습니다. 새로 만들려면 다른 이름을 지정하세요.")
    _check_out(out, suffix, resume)


def _completer(bot: Mundap, per_minute: int) -> Completer:
    """The language model of the settings, asked at most that often. Raises ConfigError if it is none."""
    if not isinstance(bot.components.generator, Completer):
        raise ConfigError(
            "--by llm에는 언어 모델이 필요합니다. mundap.toml의 generate.generator를 gguf:, openai:, transformers: 중 하나로 바꾸세요."
        )
    return Paced(bot.components.generator, per_minute)
