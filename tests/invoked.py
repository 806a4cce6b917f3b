"""The command line in this process, which is quicker than one of its own where a test needs none."""

from pathlib import Path

from typer.testing import CliRunner, Result

from mundap.cli import app


def run(*arguments: object, workspace: Path) -> Result:
    """The end of a command over a workspace, whether it succeeded or not."""
    return CliRunner().invoke(app, [*map(str, arguments), "--workspace", str(workspace)])


def ran(*arguments: object, workspace: Path) -> str:
    """What a command that succeeds prints."""
    done = run(*arguments, workspace=workspace)
    assert done.exit_code == 0, done.exception or done.stderr
    return done.stdout
