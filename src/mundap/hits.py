"""What a search found: a list of hits that shows itself in a notebook, and turns into a data frame."""

from __future__ import annotations

from html import escape

from mundap.extras import Untyped, data_frame
from mundap.shapes import hit_json
from mundap.types import Hit

_SHOWN = 300  # characters of a passage in a notebook


class Hits(list[Hit]):
    """The best first."""

    def to_pandas(self) -> Untyped:
        """A row for each hit: rank, score, source, heading, page, text, ids, and its rank in each leg ("bm25_rank").

        Raises MissingExtra without pandas.
        """
        return data_frame([_row(hit) for hit in self])

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{hit.rank}</th><td>{escape(_place(hit))}</td><td>{hit.score:.3f}</td>"
            f"<td style='text-align: left'>{escape(_short(hit.passage.text))}</td></tr>"
            for hit in self
        )
        head = "<tr><th></th><th>출처</th><th>점수</th><th>문단</th></tr>"
        return f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"


def _row(hit: Hit) -> dict[str, object]:
    said: dict[str, object] = {**hit_json(hit)}
    said.pop("links", None)
    said.pop("origins")
    return {**said, **{f"{leg}_rank": rank for leg, rank in hit.origins.items()}}


def _place(hit: Hit) -> str:
    page = f" {hit.passage.page}쪽" if hit.passage.page else ""
    return " > ".join(part for part in (hit.source, hit.passage.heading) if part) + page


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:_SHOWN]}…" if len(line) > _SHOWN else line
