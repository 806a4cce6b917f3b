"""The command line: data on stdout, progress and errors on stderr, exit 0 done, 1 a clear error, 2 usage."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mundap.cli import (
    ask,
    backup,
    corpus,
    erase,
    evaluate,
    export,
    feedback,
    graph,
    inspect,
    interrupt,
    keys,
    mcp,
    migrate,
    promote,
    serve,
    sync,
    synth,
    synth_persona,
    synth_qa,
    synth_rank,
    train,
    tune,
    up,
    usage_errors,
    verify,
    worker,
)
from mundap.errors import MundapError
from mundap.redact import Visible, hidden


class _Quiet(TyperGroup):
    """Ends without a word when the reader of the output, such as head, has seen enough, with one on Ctrl+C, and tells wrong
    usage in Korean."""

    def main(self, *args: Any, **how: Any) -> Any:
        """Read the arguments and run the verb."""
        try:
            sys.exit(super().main(*args, **{**how, "standalone_mode": False}) or 0)
        except usage_errors.UsageError as error:
            usage_errors.show(error)
            sys.exit(usage_errors.EXIT)
        except typer.Abort:
            sys.exit("중단했습니다.")

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is flushed at the end
            raise typer.Exit(0) from None
        except KeyboardInterrupt:
            interrupt.say_kept(sys.argv[1:])
            raise typer.Exit(interrupt.INTERRUPTED) from None


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"mundap {version('mundap')}")
        raise typer.Exit


app = typer.Typer(
    cls=_Quiet,
    name="mundap",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="버전을 출력합니다")
    ] = False,
) -> None:
    """문답: 문서와 Q/A 시트로 출처를 밝히는 한국어 챗봇을 만듭니다. 시작하기: mundap init mybot --example customs-mini"""


for command in (
    corpus.init,
    corpus.ingest,
    inspect.inspect,
    corpus.remove,
    corpus.index,
    sync.sync,
    corpus.compact,
    ask.search,
    ask.ask,
    ask.keywords,
    ask.chat,
    verify.verify,
    serve.serve,
    mcp.mcp,
    up.ui,
    up.up,
    corpus.doctor,
    backup.backup,
    backup.restore,
    migrate.migrate,
    erase.erase,
    worker.worker,
):
    app.command()(command)
app.command()(tune.tune)
app.command()(promote.promote)
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(train.app, name="train")
app.add_typer(export.app, name="export")
synth.app.command("qa")(synth_qa.qa)
synth.app.command("rank")(synth_rank.rank)
synth.app.command("persona")(synth_persona.persona)
app.add_typer(synth.app, name="synth")
app.add_typer(feedback.app, name="feedback")
app.add_typer(keys.app, name="keys")
app.add_typer(graph.app, name="graph")


def _fail(error: MundapError) -> None:
    print(f"mundap: {hidden(str(error))}", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    sys.stdout, sys.stderr = Visible(sys.stdout), Visible(sys.stderr)
    interrupt.watch(sys.argv[1:])
    debug = "--debug" in sys.argv
    try:
        app(args=[argument for argument in sys.argv[1:] if argument != "--debug"])
    except MundapError as error:
        if debug:
            raise
        _fail(error)
    except Exception as error:
        from mundap.store.trouble import told

        known = told(error)
        if known is None or debug:
            raise
        _fail(known)
    except KeyboardInterrupt:
        interrupt.say_kept(sys.argv[1:])
        sys.exit(interrupt.INTERRUPTED)
