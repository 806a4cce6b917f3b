"""Listings of buckets by servers that do not do as they should."""

from __future__ import annotations

from typing import Any

import pytest

from mundap.source_settings import S3Source
from mundap.sources.protocol import SourceError
from mundap.sources.s3 import S3

PAGE = """<ListBucketResult><IsTruncated>{more}</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>
<Contents><Key>규정/{key}.md</Key><Size>{size}</Size><ETag>"a"</ETag></Contents></ListBucketResult>"""


def over(monkeypatch: pytest.MonkeyPatch, *pages: str) -> S3:
    source = S3(S3Source(kind="s3", name="창고", bucket="papers"))
    left = iter(pages)

    def read(method: str, url: str, headers: Any) -> tuple[None, bytes]:
        return None, next(left).encode()

    monkeypatch.setattr(source._web, "read", read)
    return source


@pytest.mark.parametrize("size", ["", "many", "-1", "9" * 5000, "1.5"])
def test_a_size_that_is_none_is_counted_as_it_comes(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    source = over(monkeypatch, PAGE.format(more="false", token="", key="휴가", size=size))
    assert [(one.address, one.size) for one in source.items()] == [("s3://papers/규정/휴가.md", 0)]
    source.close()


def test_a_listing_that_goes_round_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    page = PAGE.format(more="true", token="t", key="휴가", size=1)
    source = over(monkeypatch, page, page, page)
    with pytest.raises(SourceError, match="되풀이"):
        list(source.items())
    source.close()
