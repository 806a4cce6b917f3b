"""The workspaces and servers of the command line's tests, for what documents say of them."""

from tests.cli.conftest import command, mundap, office, origin, sample, serving

__all__ = ["command", "mundap", "office", "origin", "sample", "serving"]
