"""The log writes what repeats once, and then how often it came."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra serve is not installed")

from mundap.serve.logs import Counting, Lines

Log = tuple[logging.Logger, Counting, list[float], Callable[[], list[dict[str, Any]]]]


@pytest.fixture
def log() -> Log:
    out, clock = io.StringIO(), [0.0]
    handler = Counting(out, lambda: clock[0])
    handler.setFormatter(Lines())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, handler, clock, lambda: [json.loads(line) for line in out.getvalue().splitlines()]


def refused(status: int, **more: object) -> dict[str, object]:
    return {"request": {"request_id": "x", "method": "POST", "route": "/query", "status": status, **more}}


def test_a_line_is_written_at_once_and_its_repetitions_are_counted_after_a_minute(log: Log) -> None:
    logger, _, clock, lines = log
    for n in range(50):
        logger.warning("request %s failed", f"{n:032x}")
    assert [line["message"] for line in lines()] == [f"request {0:032x} failed"]
    clock[0] = 61
    logger.warning("something else")
    assert [line.get("repeated", 0) for line in lines()] == [0, 49, 0]
    logger.warning("request %s failed", f"{9:032x}")
    assert "repeated" not in lines()[-1]


def test_answers_are_all_written_and_refusals_by_who_and_where(log: Log) -> None:
    logger, handler, _, lines = log
    for status, key in ((200, "가"), (200, "가"), (429, "가"), (429, "가"), (429, "나")):
        logger.info("request", extra=refused(status, key=key))
    assert [(line["status"], line["key"]) for line in lines()] == [(200, "가"), (200, "가"), (429, "가"), (429, "나")]
    handler.close()
    assert lines()[-1]["repeated"] == 1


def test_however_many_different_lines_there_are_memory_is_bounded(log: Log) -> None:
    logger, handler, _, _ = log
    for n in range(3000):
        logger.warning("line %d", n)
    assert len(handler._seen) <= 1001
