"""Work that is spread over processes and machines. The table says who does it."""

from __future__ import annotations

from mundap.extras import load
from mundap.jobs.executor import Executor

EXECUTORS = {
    "local": "mundap.jobs.in_process:InProcess",
    "postgres": "mundap.jobs.postgres:PostgresExecutor",
    "ray": "mundap.jobs.ray_cluster:RayExecutor",
}


def make_executor(name: str, *, url: str = "", address: str = "auto") -> Executor:
    """The executor of that name: `url` is of the queue of "postgres", `address` of the cluster of "ray".

    Raises UnknownName, MissingExtra, and ConfigError for an address that is none; nobody is asked before there is work.
    """
    place = {"postgres": (url,), "ray": (address,)}.get(name, ())
    made: Executor = load("executor", name, EXECUTORS)(*place)
    return made
