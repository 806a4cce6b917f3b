"""Fit the weights that ship with the answer reader, on our own questions (benchmarks/data/answers), and measure them.

    python benchmarks/reader.py                 fit, report AUROC leaving each corpus out, and print the weights
    python benchmarks/reader.py --write         also write src/mundap/generate/reader.json

Corpora: the statutes and the rule book beside the checkout (../shared), the sample and the golden documents.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import mundap as md
from mundap.evaluation.metrics import auroc
from mundap.generate.evidence import FEATURES, WORDS, Line, ReaderModel, features
from mundap.generate.reading import Evidence, Reader
from mundap.generate.support import FEATURES as QUESTION_FEATURES
from mundap.generate.support import question_features
from mundap.training.common.logistic import fit

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
CORPORA: dict[str, Path] = {
    "law": SHARED / "law",
    "rulebook": SHARED / "futsal" / "23-24풋살경기규칙_예제.txt",
    "sample": ROOT / "src" / "mundap" / "examples" / "customs-mini" / "docs",
    "golden": ROOT / "tests" / "golden" / "documents",
}
COSINES = ("near", "above", "governor", "neighbour")  # what an encoder adds to sentences
QUESTION_COSINES = ("near", "value_near", "lacking")
RIDGE = {"sentences": 3e-3, "support": 0.3}
CITIZENS = 0.5  # weight of the rows in citizens' words beside the plainer ones
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Read:
    """A labelled question read with and without an encoder, and which sentences hold one of its facts."""

    near: Evidence
    words: Evidence
    holds: npt.NDArray[np.bool_] | None  # None: no passage answers it
    citizen: bool = False


def squash(text: str) -> str:
    return re.sub(r"[\s,]+", "", unicodedata.normalize("NFKC", text)).lower()


def holds(text: str, label: Mapping[str, Any]) -> bool:
    facts = [*label.get("must", []), *label.get("any_of", [])]
    return any(squash(alternative) in squash(text) for fact in facts for alternative in fact)


def read(name: str, workspace: Path) -> list[Read]:
    """Every labelled question over one corpus, indexed in `workspace` unless it is there already."""
    if not (workspace / "mundap.toml").is_file():
        workspace.mkdir(parents=True, exist_ok=True)
        (workspace / "mundap.toml").write_text("", "utf-8")
        bot = md.Mundap.open(workspace)
        bot.ingest([CORPORA[name]])
        bot.index()
    bot = md.Mundap.open(workspace)
    rarity = bot.legs[0].postings.rarity
    everyday = bot.components.everyday
    near, words = Reader(rarity, bot.components.sentence_encoder, everyday), Reader(rarity, everyday=everyday)
    found = []
    for file in sorted((ROOT / "benchmarks" / "data" / "answers").glob(f"{name}*.jsonl")):
        answerable = not file.stem.endswith("_unanswerable")
        for line in file.read_text("utf-8").splitlines():
            label = json.loads(line)
            hits = bot.find(label["question"])
            evidence = near.read(label["question"], hits)
            right = np.array([holds(s.text, label) for s in evidence.sentences], np.bool_) if answerable else None
            if evidence.sentences and (right is None or right.any()):
                found.append(Read(evidence, words.read(label["question"], hits), right, "_citizens" in file.stem))
    return found


def fitted(corpora: Sequence[Sequence[Read]], kind: str) -> ReaderModel:
    """A model of all corpora, each weighing the same. `kind` is the name of an encoder, or WORDS."""
    near = kind != WORDS
    sentence_names = [name for name in FEATURES if near or name not in COSINES]
    rows, right, weights = [], [], []
    for corpus in corpora:
        answerable = [one for one in corpus if one.holds is not None]
        found = np.vstack([features(one.near if near else one.words) for one in answerable])
        rows.append(found)
        right.append(np.concatenate([one.holds for one in answerable if one.holds is not None]))
        sizes = [len(one.near.sentences) for one in answerable]
        weights.append(_shares(np.repeat([one.citizen for one in answerable], sizes)))
    sentences = fit(
        np.vstack(rows), np.concatenate(right), FEATURES, sentence_names, RIDGE["sentences"], np.concatenate(weights)
    )
    model = ReaderModel(sentences, Line({}, 0.0))
    question_names = [name for name in QUESTION_FEATURES if near or name not in QUESTION_COSINES]
    asked, answerable_, shares = [], [], []
    for corpus in corpora:
        kinds = np.array([one.holds is not None for one in corpus])
        asked.append(np.array([question_features(one.near if near else one.words, model) for one in corpus]))
        answerable_.append(kinds)
        citizen = np.array([one.citizen for one in corpus])
        share = np.zeros(len(corpus))
        for kind_ in (kinds, ~kinds):
            share[kind_] = _shares(citizen[kind_])
        shares.append(share)
    line = fit(
        np.vstack(asked),
        np.concatenate(answerable_),
        QUESTION_FEATURES,
        question_names,
        RIDGE["support"],
        np.concatenate(shares),
    )
    return ReaderModel(sentences, line)


def _shares(citizen: npt.NDArray[np.bool_]) -> Floats:
    """What each row counts: the plain ones 1 together, those in citizens' words CITIZENS."""
    made: Floats = np.where(citizen, CITIZENS / max(1, citizen.sum()), 1 / max(1, (~citizen).sum()))
    return made


def measured(model: ReaderModel, corpus: Sequence[Read], near: bool) -> dict[str, float]:
    """AUROC of support, and how often the likeliest sentence holds a fact."""
    read_ = [(one.near if near else one.words, one.holds) for one in corpus]
    odds = np.array(
        [model.support.logits(question_features(one, model)[None], QUESTION_FEATURES)[0] for one, _ in read_]
    )
    answerable = np.array([right is not None for _, right in read_])
    key = [
        bool(right[int(np.argmax(model.sentences.logits(features(one), FEATURES)))])
        for one, right in read_
        if right is not None
    ]
    return {
        "auroc": round(auroc(odds[answerable], odds[~answerable]), 3),
        "key": round(float(np.mean(key)), 3),
        "n": len(read_),
        "p8": round(float(np.quantile(1 / (1 + np.exp(-odds[answerable])), 0.08)), 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--workspaces", type=Path, default=None, help="a folder that keeps the indexed corpora")
    options = parser.parse_args()
    folder = options.workspaces or Path(tempfile.mkdtemp(prefix="reader-"))
    corpora = {name: read(name, folder / name) for name in CORPORA if CORPORA[name].exists()}
    encoder = next(iter(corpora.values()))[0].near.encoder
    kept = {}
    for kind in (encoder, WORDS):
        for name in corpora:
            others = [corpus for other, corpus in corpora.items() if other != name]
            print(kind, "without", name, measured(fitted(others, kind), corpora[name], kind != WORDS))
        model = fitted(list(corpora.values()), kind)
        for name, corpus in corpora.items():
            print(kind, "fitted", name, measured(model, corpus, kind != WORDS))
        kept[kind] = model.to_json()
    text = json.dumps(kept, ensure_ascii=False, indent=1) + "\n"
    print(text)
    if options.write:
        (ROOT / "src" / "mundap" / "generate" / "reader.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
