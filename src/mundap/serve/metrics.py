"""What Prometheus reads: how many, how long, and how full."""

from __future__ import annotations

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from mundap.generate.prompt import estimate
from mundap.serve.work import Desk
from mundap.store.space import free
from mundap.types import Answer

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class Metrics:
    """The figures of one app, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "mundap_requests", "Requests by route and status", ("method", "route", "status"), registry=self.registry
        )
        self._took = Histogram(
            "mundap_request_seconds",
            "From the request to the end of its answer",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._stages = Histogram(
            "mundap_stage_seconds", "Stages of an answer", ("stage",), buckets=_SECONDS, registry=self.registry
        )
        self._first = Histogram(
            "mundap_first_text_seconds",
            "From a stream's request to its first text",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._answers = Counter(
            "mundap_answers",
            "Answers, and those that say that the documents do not say",
            ("outcome",),
            registry=self.registry,
        )
        self._characters = Counter("mundap_answer_characters", "Characters of answers", registry=self.registry)
        self._tokens = Counter("mundap_answer_tokens", "Tokens of answers, estimated", registry=self.registry)
        self._feedback = Counter("mundap_feedback", "Verdicts of users", ("verdict",), registry=self.registry)

    def watch(self, name: str, desk: Desk) -> None:
        """Tell how full `desk` is."""
        for at, what in enumerate(("working", "waiting")):
            gauge = Gauge(f"mundap_{name}_{what}", f"Questions that are {what}", registry=self.registry)
            gauge.set_function(lambda at=at: desk.load[at])  # type: ignore[misc]

    def watch_disk(self, folder: Path) -> None:
        """Tell how much room is left where `folder` is."""
        room = Gauge("mundap_disk_free_bytes", "Room on the disk of the workspace", registry=self.registry)
        room.set_function(lambda: free(folder))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that has ended."""
        self._requests.labels(method, route, str(status)).inc()
        self._took.labels(route).observe(seconds)

    def first_text(self, seconds: float) -> None:
        """Note how long a stream was silent at first."""
        self._first.observe(seconds)

    def answer(self, answer: Answer) -> None:
        """Count a whole answer."""
        self._answers.labels("abstained" if answer.abstained else "answered").inc()
        self._characters.inc(len(answer.text))
        self._tokens.inc(estimate(answer.text))
        for stage, ms in answer.timings.items():
            self._stages.labels(stage.removesuffix("_ms")).observe(ms / 1000)

    def feedback(self, verdict: str) -> None:
        """Count a verdict."""
        self._feedback.labels(verdict).inc()

    def page(self) -> bytes:
        """All figures, as Prometheus reads them."""
        return generate_latest(self.registry)
