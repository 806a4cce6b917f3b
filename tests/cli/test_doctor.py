"""What doctor finds."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import MakeFiles, Run

import mundap as md


def test_doctor_shows_settings_with_their_origin_and_the_state_of_the_index(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh()
    before = mundap("doctor", "--json", workspace=root)
    assert before.code == 0
    assert "mundap index" in before.row["index"]
    bot = md.Mundap.open(root)
    bot.ingest()
    bot.index()
    row = mundap("doctor", "--json", workspace=root).row
    assert (row["mundap"], row["documents"], row["passages"], row["index"]) == (md.__version__, 3, 5, "ok")
    assert row["workspace"] == str(root)
    assert row["extras"].keys() >= {"fast", "llm"}
    settings = {setting["key"]: (setting["value"], setting["from"]) for setting in row["settings"]}
    assert settings["index.encoder"] == ("hashed", "mundap.toml")
    assert settings["retrieve.k"] == (5, "default")
    assert settings["language"] == ("ko", "default")


def test_for_a_reader_each_setting_is_a_line(mundap: Run, office: Path) -> None:
    done = mundap("doctor", workspace=office)
    assert done.code == 0
    assert "index: ok\n" in done.out
    assert "index.encoder = 'hashed'  (mundap.toml)\n" in done.out
    assert "retrieve.k = 5  (default)\n" in done.out
