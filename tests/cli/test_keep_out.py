"""What was removed while its file still lies there: said, kept out, taken back, or deleted with its file."""

from __future__ import annotations

from tests.cli.conftest import MakeFiles, Run

from mundap.workspace import Mundap


def test_a_removed_document_is_kept_out_until_it_is_taken_back(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"하나.txt": "하나", "둘.txt": "둘"})
    Mundap.open(root).ingest()
    done = mundap("remove", "하나.txt", workspace=root)
    assert (done.code, done.out) == (0, "삭제했습니다: docs/하나.txt\n")
    assert all(part in done.err for part in ("하나.txt에 남아 있지만", "--again", "--file"))
    for _ in range(2):
        done = mundap("ingest", "--json", workspace=root)
        assert (done.row["added"], done.row["documents"]) == (0, 1)
        ((skipped),) = done.row["skipped"]
        assert skipped["file"] == "docs/하나.txt"
        assert "삭제한 문서이므로 제외했습니다" in skipped["reason"]
    done = mundap("ingest", "--again", "하나.txt", "--json", workspace=root)
    assert (done.row["added"], done.row["documents"], done.row["skipped"]) == (1, 2, [])


def test_a_name_that_is_not_kept_out_is_an_error_that_lists_those_that_are(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"하나.txt": "하나", "둘.txt": "둘"})
    Mundap.open(root).ingest()
    mundap("remove", "하나.txt", workspace=root)
    done = mundap("ingest", "--again", "둘.txt", workspace=root)
    assert (done.code, done.out) == (1, "")
    assert "docs/하나.txt" in done.err


def test_a_document_can_be_removed_with_its_file(mundap: Run, fresh: MakeFiles) -> None:
    root = fresh({"하나.txt": "하나", "둘.txt": "둘"})
    bot = Mundap.open(root)
    bot.ingest()
    done = mundap("remove", "하나.txt", "--file", "--json", workspace=root)
    assert done.row == {"removed": "docs/하나.txt", "file": str(root / "docs" / "하나.txt")}
    assert not (root / "docs" / "하나.txt").exists()
    assert bot.ingest().skipped == ()


def test_what_was_removed_from_python_comes_back_as_before(fresh: MakeFiles) -> None:
    bot = Mundap.open(fresh({"하나.txt": "하나"}))
    bot.ingest()
    bot.remove("하나.txt")
    assert bot.ingest().added == 1
