"""Provinces, cities and districts that a text names, and whether it speaks of where a question asks about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from mundap.korean.wanted import wanted

_ENDS = ("", "시", "도", "광역시", "특별시", "특별자치시", "특별자치도")
_PARTICLES = "에서는|에서도|에서|에는|에도|에만|에|의|은|는|이나|이랑|이|가|을|를|도|와|과|으로|부터|까지|만|쪽|지역|권|시내|근처|인근|주변"
_BEHIND = rf"(?=$|[^가-힣]|(?:{_PARTICLES})(?![가-힣]))"  # no other name begins with it: 부산동, 서울역
_THERE = r"(?=에\s?있[는나어을니습])"  # 세종에 있는: no king
_NO_CITIES = ("경기!",)  # 경기에 있는 규칙 is of a match
_ASKED = "어디|어느|곳|장소|주소|위치|가까운|근처|추천|이름|찾(?:아|고|습|는데|아요)"
_SEEKS = re.compile(rf"(?<!수)(?<!수 )(?:있[나는어을니습음지]|없[나어을니습는])|{_ASKED}")
_ONLY_ASKS = frozenset("곳 장소 주소 위치 근처 추천 이름 가능 지역".split())


@dataclass(frozen=True)
class _Regions:
    pattern: re.Pattern[str]
    names: Mapping[str, str]
    within: Mapping[str, str]


@lru_cache(8192)
def regions(text: str) -> frozenset[str]:
    """The regions that a text names (부산광역시: 부산), without those that another of them is in (성남시 분당구: 분당)."""
    table = _table()
    found = {table.names[name[0]] for name in table.pattern.finditer(text)}
    return frozenset(found - {region for one in found for region in around([one]) if region != one})


def around(named: Iterable[str]) -> frozenset[str]:
    """These regions and those that they are in: 분당, 성남 and 경기."""
    within, found = _table().within, set()
    for region in named:
        while region and region not in found:
            found.add(region)
            region = within.get(region, "")
    return frozenset(found)


def is_there(text: str, asked: frozenset[str]) -> bool:
    """Whether a text names one of the regions, or a part of one."""
    return bool(asked & around(regions(text)))


def is_elsewhere(text: str, asked: frozenset[str]) -> bool:
    """Whether a text names regions, none of which is one of these, a part of one, or what one is a part of."""
    named = regions(text)
    return bool(named) and not (named & around(asked) or asked & around(named))


def seeks_a_place(question: str) -> bool:
    """Whether a question that names a region asks what there is: 부산에 풋살장 있나요? and not 부산에 살면 얼마예요?"""
    return not wanted(question).exact and bool(_SEEKS.search(question))


def only_asks(noun: str) -> bool:
    """Whether a noun of a question for what there is in a region tells nothing of it: 부산에서 이용 가능한 곳 추천."""
    return noun in _ONLY_ASKS


@cache
def _table() -> _Regions:
    names: dict[str, str] = {}
    cities: dict[str, str] = {}  # whose name alone is a word of its own
    within: dict[str, str] = {}
    for line in (files("mundap.korean") / "regions.tsv").read_text("utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        above, _, parts = line.partition("\t")
        first, *others = above.split("|")
        region = first.rstrip("!")
        names |= {f"{region}{end}": region for end in _ENDS if end or first == region} | dict.fromkeys(others, region)
        if first != region and first not in _NO_CITIES:
            cities[region] = region
        for part in parts.split():
            full = part.rstrip("!")
            within[full[:-1]] = region
            names |= {full: full[:-1]} | ({full[:-1]: full[:-1]} if full == part else {})
            if full != part and full.endswith("시"):
                cities[full[:-1]] = full[:-1]
    longest_first = "|".join(sorted(names, key=len, reverse=True))
    places = rf"(?:{longest_first}){_BEHIND}|(?:{'|'.join(cities)}){_THERE}"
    return _Regions(re.compile(rf"(?<![가-힣])(?:{places})"), names | cities, within)
