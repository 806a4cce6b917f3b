"""What a saved page is about: the words that readers keep of Korean pages, against a text made by hand.

python benchmarks/html_main.py [--peers PYTHON]   PYTHON: of an environment with trafilatura (requirements-peers.txt)
python benchmarks/html_main.py --kept '//main' FILE…   pages without labels: the share of the words of a part that is kept

Each page in tests/unit/html_pages has its text beside it. Words are split at white space and counted; marks of Markdown,
numbers of items and of notes, and words without a letter or a digit do not count, since readers write them differently.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import lxml.html

from mundap.ingest.readers import read

PAGES = Path(__file__).resolve().parents[1] / "tests" / "unit" / "html_pages"
_MARKS = re.compile(r"\[\d+\]|(?m:^\s*(?:[#•>*-]+ |\d+\. )+)|\|")
_WORD = re.compile(r"\w+")
PEER = """
import json, pathlib, sys, trafilatura
out = {}
for way, options in {"": {}, ", favor_recall": {"favor_recall": True}}.items():
    for path in sys.argv[1:]:
        raw = pathlib.Path(path).read_bytes()
        text = trafilatura.extract(raw, **options) or ""
        found = trafilatura.extract_metadata(raw)
        title = (found.title or "") if found else ""
        out.setdefault("trafilatura " + trafilatura.__version__ + way, {})[path] = [title, text]
json.dump(out, sys.stdout)
"""


def words(text: str, *headings: str) -> Counter[str]:
    """The words of a text and of those headings that do not stand in it."""
    plain, *heads = (" ".join(_MARKS.sub(" ", each).split()) for each in dict.fromkeys([text, *headings]))
    whole = " ".join([*(head for head in heads if head not in plain), plain])
    return Counter(word for word in whole.split() if any(map(str.isalnum, word)))


def score(found: Counter[str], gold: Counter[str]) -> tuple[float, float, float]:
    """Precision, recall and F1 of words, each in [0, 1]."""
    common = (found & gold).total()
    precision, recall = common / max(found.total(), 1), common / gold.total()
    return precision, recall, 2 * precision * recall / (precision + recall) if common else 0.0


def pages() -> dict[Path, Counter[str]]:
    """Each page with the words that are to be found in it."""
    return {path: words(path.with_suffix(".txt").read_text("utf-8")) for path in sorted(PAGES.glob("*.html"))}


def ours(path: Path) -> Counter[str]:
    """The words that mundap keeps of a page."""
    document = read(path).document
    headings = [part for section in document.sections for part in section.heading.split(" > ")]
    return words(document.text, *[document.title] * (document.title != path.stem), *headings)


def peers(python: str, paths: list[Path]) -> Mapping[str, Mapping[str, list[str]]]:
    """What the peers make of each page: its title and its text."""
    done = subprocess.run(
        [python, "-W", "ignore", "-c", PEER, *map(str, paths)], check=True, capture_output=True, text=True
    )
    found: dict[str, dict[str, list[str]]] = json.loads(done.stdout)
    return found


def kept(path: Path, part: str) -> float:
    """The share of the words of the part at the XPath `part` of a page that mundap keeps; 1.0 of a page without it."""
    root = lxml.html.fromstring(path.read_bytes())
    for element in root.xpath("//script|//style|//button"):
        element.drop_tree()
    gold = Counter(_WORD.findall(" ".join(found.text_content() for found in root.xpath(part)[:1])))
    document = read(path).document
    found = Counter(_WORD.findall(f"{document.title} {document.text}"))
    return (gold & found).total() / gold.total() if gold else 1.0


def main() -> None:
    """A table of all readers, and one of their F1 on each page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers", metavar="PYTHON")
    options.add_argument("--show", metavar="PAGE", help="print the words that mundap loses and adds")
    options.add_argument("--kept", metavar="XPATH")
    options.add_argument("files", nargs="*", type=Path)
    chosen = options.parse_args()
    if chosen.kept:
        shares = sorted((kept(path, chosen.kept), path.name) for path in chosen.files)
        print(
            f"{len(shares)} pages: {sum(share for share, _ in shares) / len(shares):.3f} of the words of {chosen.kept}"
        )
        print("worst:", ", ".join(f"{name} {share:.2f}" for share, name in shares[:5]))
        return
    gold = pages()
    if chosen.show:
        path = PAGES / f"{chosen.show}.html"
        print("lost: ", " ".join((gold[path] - ours(path)).elements()))
        print("added:", " ".join((ours(path) - gold[path]).elements()))
        return
    found = {"mundap": {path: ours(path) for path in gold}}
    if chosen.peers:
        for name, texts in peers(chosen.peers, [*gold]).items():
            found[name] = {path: words(texts[str(path)][1], texts[str(path)][0]) for path in gold}
    scores = {name: [score(kept[path], gold[path]) for path in gold] for name, kept in found.items()}
    print(f"| {len(gold)} pages, mean | precision | recall | F1 | worst F1 |\n|---|---|---|---|---|")
    for name, each in scores.items():
        means = [sum(column) / len(each) for column in zip(*each, strict=True)]
        print(
            f"| {name} | {' | '.join(f'{100 * mean:.1f}' for mean in means)} | {100 * min(f for *_, f in each):.1f} |"
        )
    print(f"\n| F1 | {' | '.join(scores)} |\n|---|{'---|' * len(scores)}")
    for n, path in enumerate(gold):
        print(f"| {path.stem} | {' | '.join(f'{100 * each[n][2]:.1f}' for each in scores.values())} |")


if __name__ == "__main__":
    main()
