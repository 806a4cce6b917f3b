"""Signatures for S3, against botocore, which AWS maintains."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mundap.sources.sigv4 import Credentials, query_string, signed

NOW = datetime(2026, 11, 29, 12, 34, 56, tzinfo=UTC)
KEYS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20
)


@given(KEYS, st.dictionaries(KEYS, KEYS, max_size=3), st.sampled_from(["", "token"]))
def test_any_request_is_signed_as_botocore_signs_it(key: str, query: dict[str, str], token: str) -> None:
    auth = pytest.importorskip("botocore.auth", reason="needs botocore (moto), to compare with")
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials as Theirs

    url = f"https://bucket.example:9000/{quote(key, safe='-_.~/')}"
    url += f"?{query_string(query)}" if query else ""
    ours = signed(url, "ap-northeast-2", Credentials("key", "secret", token), NOW)
    request = AWSRequest("GET", url)
    with patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None), create=True):
        auth.S3SigV4Auth(Theirs("key", "secret", token or None), "s3", "ap-northeast-2").add_auth(request)
    assert request.headers["X-Amz-Date"] == ours["x-amz-date"]
    assert request.headers["Authorization"].rpartition("=")[2] == ours["authorization"].rpartition("=")[2]


def test_keys_are_in_no_text() -> None:
    assert "secret" not in repr(Credentials("key", "secret"))
