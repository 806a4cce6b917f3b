"""The best rows of an index that only proposes: exact scores decide, and more is asked for until nothing can be missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mundap.index.milvus.collections import IDS, MOST, among
from mundap.index.milvus.rows import Allowed
from mundap.index.rank import Ties, in_order
from mundap.protocols import Rows, Scores

_SURE = 1e-4  # of a score, within which two computations of it agree
_MORE = 4  # times as many, when what was proposed does not do
_FEW = 16


@dataclass(frozen=True)
class Proposed:
    """Rows, each once, and what no other row's score exceeds; None if there are no others."""

    rows: Rows
    others: float | None


Propose = Callable[[int, str], Proposed]  # from how many are wanted, and which condition they have to meet


def best_rows(
    propose: Propose,
    score: Callable[[Rows], Scores],
    depth: int,
    allowed: Allowed | None,
    ties: Ties,
    *,
    above: float = -np.inf,
    patient: bool = True,
) -> tuple[Rows, Scores]:
    """The best `depth` of the `allowed` rows, in order, with their scores, all greater than `above`.

    A filter of few ids is met where the rows are; of many, first what is proposed without it is filtered, and where that does
    not do, it is met in pieces. Without `patient`, what was proposed first has to do.
    """
    if depth <= 0 or (allowed is not None and not allowed.but and not len(allowed.rows)):
        return np.empty(0, np.intp), np.empty(0, np.float32)
    pushed = allowed is None or len(allowed.rows) <= IDS
    condition = "" if allowed is None or not pushed else _condition(allowed)
    wanted = min(depth + depth // 4 + _FEW, MOST)
    while True:
        proposed = propose(wanted, condition)
        rows = proposed.rows if pushed or allowed is None else proposed.rows[allowed.holds(proposed.rows)]
        scores = score(rows)
        found, similar = _first(rows, scores, depth, ties, above)
        if proposed.others is None or _is_sure(similar, depth, proposed.others):
            return found, similar
        if wanted >= MOST or (not patient and len(found) >= depth):
            break
        wanted = min(wanted * _MORE, MOST)
    if not pushed and allowed is not None and not allowed.but:
        return _in_pieces(propose, score, depth, allowed, ties, above)
    return found, similar


def _in_pieces(
    propose: Propose, score: Callable[[Rows], Scores], depth: int, allowed: Allowed, ties: Ties, above: float
) -> tuple[Rows, Scores]:
    rows, scores = [np.empty(0, np.intp)], [np.empty(0, np.float32)]
    for first in range(0, len(allowed.rows), IDS):
        piece = Allowed(allowed.rows[first : first + IDS])
        found, similar = best_rows(propose, score, depth, piece, ties, above=above)
        rows.append(found)
        scores.append(similar)
    return _first(np.concatenate(rows), np.concatenate(scores), depth, ties, above)


def _first(rows: Rows, scores: Scores, depth: int, ties: Ties, above: float) -> tuple[Rows, Scores]:
    there = scores > above
    rows, scores = rows[there], scores[there]
    order = in_order(np.arange(len(rows)), scores, lambda places: ties(rows[places]))[:depth]
    return rows[order], scores[order]


def _is_sure(scores: Scores, depth: int, others: float) -> bool:
    return len(scores) >= depth and float(scores[depth - 1]) > others + _SURE * max(1.0, abs(others))


def _condition(allowed: Allowed) -> str:
    if not len(allowed.rows):
        return ""
    condition = among("row", allowed.rows.tolist())
    return f"not ({condition})" if allowed.but else condition
