"""Spans of what a question passes through, for OpenTelemetry (extra `otel`). Off, nothing of it is imported.

A workspace that traces begins with a root span; what runs inside makes its own by `span`, which does nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol, TypeVar

from mundap.extras import Untyped, need

EXTRA = "otel"
T = TypeVar("T")
Value = str | int | float | bool


class Span(Protocol):
    """What can be told of a span."""

    def set_attribute(self, key: str, value: Value) -> None:
        """Tell a fact of it."""


class _Nothing:
    def set_attribute(self, key: str, value: Value) -> None:
        """Nobody hears."""


_TRACER: ContextVar[Untyped] = ContextVar("tracer", default=None)
_OFF: AbstractContextManager[Span] = nullcontext(_Nothing())


def span(name: str, **attributes: Value) -> AbstractContextManager[Span]:
    """A stage within a root span. Attributes are named mundap.NAME."""
    tracer = _TRACER.get()
    return _OFF if tracer is None else _started(tracer, name, attributes)


class Tracing:
    """The root spans of a workspace. Questions and answers are in them only with `text`.

    They go to the tracer provider of the process, if it has one; else by OTLP to `endpoint`, or where OTEL_EXPORTER_OTLP_ENDPOINT
    says. Raises MissingExtra where it is `enabled`.
    """

    def __init__(self, enabled: bool, text: bool = False, endpoint: str = "") -> None:
        self._text = text
        self._tracer: Untyped = _tracer(endpoint) if enabled else None

    @contextmanager
    def root(self, name: str, question: str, **attributes: Value) -> Iterator[Span]:
        """What runs inside is a question's search."""
        if self._tracer is None:
            yield _Nothing()
            return
        token = _TRACER.set(self._tracer)
        try:
            with _started(self._tracer, name, self._about(question, attributes)) as made:
                yield made
        finally:
            _TRACER.reset(token)

    def streamed(
        self, name: str, question: str, pieces: Generator[T], tell: Callable[[T], Mapping[str, Value]]
    ) -> Generator[T]:
        """The pieces of an answer, of which `tell` gives attributes. What makes them runs inside the root span, and what takes
        them does not."""
        if self._tracer is None:
            return pieces
        return _streamed(self._tracer, name, pieces, self._about(question, {}), tell)

    @property
    def tells_texts(self) -> bool:
        """Whether questions and answers may be told."""
        return self._text

    def _about(self, question: str, attributes: dict[str, Value]) -> dict[str, Value]:
        asked: dict[str, Value] = {"question": question} if self._text else {}
        return {"question_chars": len(question), **asked, **attributes}


def streamed(name: str, pieces: Generator[T], **attributes: Value) -> Generator[T]:
    """The pieces that a stage makes, within a span that lasts from the first to the last and counts them."""
    tracer = _TRACER.get()
    return pieces if tracer is None else _streamed(tracer, name, pieces, attributes, lambda piece: {})


def _streamed(
    tracer: Untyped,
    name: str,
    pieces: Generator[T],
    attributes: Mapping[str, Value],
    tell: Callable[[T], Mapping[str, Value]],
) -> Generator[T]:
    """The span is the current one only while a piece is made: who reads the pieces may do other things meanwhile."""
    made = tracer.start_span(name, attributes=_named(attributes))
    use = need("opentelemetry.trace", EXTRA).use_span
    count = 0
    try:
        while True:
            token = _TRACER.set(tracer)
            try:
                with use(made, record_exception=False, set_status_on_exception=False):
                    piece = next(pieces, _END)
            finally:
                _TRACER.reset(token)
            if isinstance(piece, _End):
                return
            count += 1
            if count == 1:
                made.add_event("first_piece")
            made.set_attributes(_named(tell(piece)))
            yield piece
    except Exception as error:
        _fail(made, error)
        raise
    finally:
        pieces.close()
        made.set_attribute("mundap.pieces", count)
        made.end()


class _End:
    """In place of a piece, at the end."""


_END = _End()


@contextmanager
def _started(tracer: Untyped, name: str, attributes: Mapping[str, Value]) -> Iterator[Span]:
    silent = {"record_exception": False, "set_status_on_exception": False}  # what is raised may repeat the question
    with tracer.start_as_current_span(name, attributes=_named(attributes), **silent) as made:
        try:
            yield _Named(made)
        except Exception as error:
            _fail(made, error)
            raise


def _fail(made: Untyped, error: Exception) -> None:
    made.set_attribute("error.type", type(error).__name__)
    made.set_status(need("opentelemetry.trace", EXTRA).StatusCode.ERROR)


class _Named:
    def __init__(self, made: Untyped) -> None:
        self._made = made

    def set_attribute(self, key: str, value: Value) -> None:
        """Tell a fact of it."""
        self._made.set_attribute(f"mundap.{key}", value)


def _named(attributes: Mapping[str, Value]) -> dict[str, Value]:
    return {f"mundap.{key}": value for key, value in attributes.items()}


def _tracer(endpoint: str) -> Untyped:
    trace = need("opentelemetry.trace", EXTRA)
    sdk = need("opentelemetry.sdk.trace", EXTRA)
    if type(trace.get_tracer_provider()).__name__ == "ProxyTracerProvider":  # nobody has set one
        exporter = need("opentelemetry.exporter.otlp.proto.http.trace_exporter", EXTRA)
        export = need("opentelemetry.sdk.trace.export", EXTRA)
        resource = need("opentelemetry.sdk.resources", EXTRA).Resource.create({"service.name": "mundap"})
        provider = sdk.TracerProvider(resource=resource)
        target = exporter.OTLPSpanExporter(endpoint=endpoint) if endpoint else exporter.OTLPSpanExporter()
        provider.add_span_processor(export.BatchSpanProcessor(target))
        trace.set_tracer_provider(provider)
    return trace.get_tracer("mundap")
