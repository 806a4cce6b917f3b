"""mundap.toml: defaults, errors that say what is known, and where each value came from."""

from pathlib import Path

import pytest

from mundap.config import FILE, Config, find_workspace, read_config, settings
from mundap.errors import ConfigError, WorkspaceNotFound


def written(folder: Path, text: str) -> Path:
    path = folder / "mundap.toml"
    path.write_text(text, "utf-8")
    return path


def problem(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(written(folder, text))
    return str(caught.value)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, "")) == Config()


def test_values_are_read(tmp_path: Path) -> None:
    config = read_config(
        written(
            tmp_path,
            'language = "en"\n[ingest]\npaths = ["규정집", "상담.xlsx"]\n[index]\nk1 = 1\n[retrieve]\nlegs = ["bm25"]\n'
            "weights = {bm25 = 2}\n",
        )
    )
    assert (config.language, config.ingest.paths, config.index.k1) == ("en", ("규정집", "상담.xlsx"), 1.0)
    assert (config.retrieve.legs, config.retrieve.weights) == (("bm25",), {"bm25": 2.0})


@pytest.mark.parametrize(
    ("text", "named", "known"),
    [
        ("[ingets]\n", "'ingets'", ["ingest", "index", "retrieve", "generate", "language"]),
        ("lang = 'ko'\n", "'lang'", ["language"]),
        ("[retrieve]\ntop_k = 3\n", "'retrieve.top_k'", ["k", "legs", "fusion", "pool"]),
        ("[ingest]\nchunk = 3\n", "'ingest.chunk'", ["paths", "chunk_chars", "parent_chars"]),
    ],
)
def test_an_unknown_table_or_key_is_told_the_known_ones(
    tmp_path: Path, text: str, named: str, known: list[str]
) -> None:
    said, _, listed = problem(tmp_path, text).partition("입니다.")
    assert str(tmp_path / "mundap.toml") in said
    assert named in said
    assert set(known) <= set(listed.partition(":")[2].replace(" ", "").split(","))


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ('[retrieve]\nk = "5"\n', "retrieve.k", "'5'"),
        ("[retrieve]\nk = 0\n", "retrieve.k", "0"),
        ("[retrieve]\nk = 2.5\n", "retrieve.k", "2.5"),
        ("[index]\nb = 1.5\n", "index.b", "1.5"),
        ("[index]\njoins = 1\n", "index.joins", "1"),
        ('[retrieve]\nfusion = "rff"\n', "retrieve.fusion", "'rff'"),
        ('[retrieve]\nlegs = ["bm52"]\n', "retrieve.legs.0", "'bm52'"),
        ("[retrieve]\nlegs = []\n", "retrieve.legs", "[]"),
        ('[ingest]\npaths = "docs"\n', "ingest.paths", "'docs'"),
        ('language = "fr"\n', "language", "'fr'"),
        ("ingest = 3\n", "ingest", "3"),
    ],
)
def test_a_wrong_value_is_told_with_its_key(tmp_path: Path, text: str, key: str, value: str) -> None:
    said = problem(tmp_path, text)
    assert f"'{key}'" in said
    assert value in said


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    said = problem(tmp_path, "[retrieve]\nk = 0\n[index]\nk2 = 1\n")
    assert "retrieve.k" in said
    assert "index.k2" in said


@pytest.mark.parametrize("raw", [b"k = = 3", b"[retrieve\n", "k = '가'".encode("cp949")])
def test_what_is_no_toml_is_told_with_the_file(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "mundap.toml").write_bytes(raw)
    with pytest.raises(ConfigError, match=r"mundap\.toml"):
        read_config(tmp_path / "mundap.toml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mundap\.toml"):
        read_config(tmp_path / "mundap.toml")


def test_settings_say_where_each_value_came_from(tmp_path: Path) -> None:
    path = written(tmp_path, 'language = "ko"\n[retrieve]\nk = 7\n')
    rows = {key: (value, origin) for key, value, origin in settings(read_config(path), path)}
    assert rows["language"] == ("ko", "mundap.toml")
    assert rows["retrieve.k"] == (7, "mundap.toml")
    assert rows["retrieve.pool"] == (100, "default")
    assert rows["ingest.paths"] == (("docs",), "default")
    tables = {
        "ingest",
        "index",
        "retrieve",
        "generate",
        "keywords",
        "graph",
        "serve",
        "retention",
        "access",
        "oidc",
        "store",
        "ui",
        "jobs",
        "tracing",
    }
    assert {key.partition(".")[0] for key in rows} == {"language", "private", "low_disk_mb", *tables}


def test_the_workspace_is_the_nearest_folder_above_that_has_the_file(tmp_path: Path) -> None:
    deep = tmp_path / "봇" / "docs" / "규정"
    deep.mkdir(parents=True)
    with pytest.raises(WorkspaceNotFound, match="mundap init"):
        find_workspace(deep)
    written(tmp_path, "")
    assert find_workspace(deep) == tmp_path.resolve()
    written(tmp_path / "봇", "")
    assert find_workspace(deep) == find_workspace(tmp_path / "봇") == (tmp_path / "봇").resolve()


def test_settings_within_settings_are_shown_by_their_whole_name(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text('[ingest.columns]\nquestion = ["고객 발화"]\n', "utf-8")
    shown = {key: (value, origin) for key, value, origin in settings(read_config(path), path)}
    assert shown["ingest.columns.question"] == (("고객 발화",), FILE)
    assert shown["ingest.columns.answer"] == ((), "default")
    assert shown["ingest.hidden"] == (False, "default")


def test_the_password_of_a_queue_is_in_no_copy_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = read_config(written(tmp_path, '[jobs]\nexecutor = "postgres"\nurl = "postgresql://m:secret-word@db/m"\n'))
    assert "secret-word" not in f"{config!r} {config.model_dump()} {config.model_dump_json()}"
    assert "secret-word" not in str(settings(config, tmp_path / "mundap.toml"))
    assert config.queue == "postgresql://m:secret-word@db/m"
    monkeypatch.setenv("MUNDAP_JOBS_URL", "postgresql://elsewhere/m")
    assert config.queue == "postgresql://elsewhere/m"


def test_the_queue_is_at_the_server_of_the_record_unless_it_is_said(tmp_path: Path) -> None:
    assert Config().queue == ""
    assert read_config(written(tmp_path, '[store]\nurl = "postgresql://m@db/m"\n')).queue == "postgresql://m@db/m"


def test_the_password_of_the_record_is_in_no_copy_of_the_settings_and_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, '[store]\nurl = "postgresql://m:secret-word@db:5432/m?sslmode=require"\n')
    config = read_config(path)
    assert "secret-word" not in f"{config!r} {config.model_dump()} {config.model_dump_json()} {settings(config, path)}"
    assert ("store.url", "postgresql://db:5432/m", "mundap.toml") in settings(config, path)
    assert config.store.url == "postgresql://m:secret-word@db:5432/m?sslmode=require"
    for wrong in ("postgresql:/m:secret-word@db/m", "mysql://m:secret-word@db/m", "m:secret-word@db"):
        monkeypatch.setenv("MUNDAP_STORE_URL", wrong)
        with pytest.raises(ConfigError, match=r"store\.url.*MUNDAP_STORE_URL.*postgresql://") as told:
            read_config(path)
        assert "secret-word" not in str(told.value)
    monkeypatch.setenv("MUNDAP_STORE_URL", "sqlite")
    assert read_config(path).store.url == "sqlite"
    assert ("store.url", "sqlite", "MUNDAP_STORE_URL") in settings(read_config(path), path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("k = 0", "1 이상이어야 합니다"),
        ('k = "열"', "정수여야 합니다"),
        ("diversity = 2", "이하여야 합니다"),
        ('fusion = "없음"', "사용할 수 있는 값"),
    ],
)
def test_what_is_wrong_with_a_value_is_said_in_korean(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "mundap.toml").write_text(f"[retrieve]\n{line}\n", "utf-8")
    with pytest.raises(ConfigError, match=said) as caught:
        read_config(tmp_path / "mundap.toml")
    assert "Input" not in str(caught.value)
