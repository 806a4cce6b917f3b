"""requirements.lock: what makes it out of date is told."""

import pytest
from tools.lock import asked, head, pinned, problems

_PYPROJECT = {
    "project": {
        "name": "mundap",
        "dependencies": ["numpy>=2.0", "typer>=0.15"],
        "optional-dependencies": {
            "all": ["mundap[docs,serve]"],
            "docs": ["lxml>=6.1", "python-docx>=1.2"],
            "serve": ["mundap[docs]", "uvicorn>=0.38"],
            "train": ["torch>=2.13"],
        },
    }
}
_ASKED = ["lxml>=6.1", "numpy>=2.0", "python-docx>=1.2", "typer>=0.15", "uvicorn>=0.38"]
_PINS = {"lxml": "6.1.3", "numpy": "2.4.6", "python-docx": "1.2.0", "typer": "0.29.2", "uvicorn": "0.54.0"}


def lock(requirements: list[str] = _ASKED, **changed: str) -> str:
    lines = (
        f"{name}=={version} ; sys_platform != 'win32' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
        for name, version in (_PINS | changed).items()
    )
    return head(requirements) + "".join(lines)


def test_extras_of_the_project_itself_are_followed() -> None:
    assert asked(_PYPROJECT, "all") == _ASKED
    assert "torch>=2.13" in asked(_PYPROJECT, "train")


def test_a_lock_of_what_is_asked_for_is_current() -> None:
    assert not list(problems(lock(), _ASKED, pinned("# pins\nlxml==6.1.3\nPython_Docx==1.2.0\nruff==1.0\n")))


@pytest.mark.parametrize(
    ("text", "requirements", "constraints", "told"),
    [
        (lock(), [*_ASKED, "xlrd>=2"], {}, "asks for xlrd>=2"),
        (lock(), ["lxml>=7", *_ASKED[1:]], {}, "asks for lxml>=7"),
        (lock(), _ASKED[1:], {}, "no longer asks"),
        (lock(), _ASKED, {"numpy": "2.5.0"}, "numpy 2.4.6, constraints.txt 2.5.0"),
        (lock().replace("--hash=sha256", "--hash=md5"), _ASKED, {}, "no hash"),
        (head(_ASKED), _ASKED, {}, "not in the lock"),
    ],
)
def test_what_is_out_of_date_is_told(
    text: str, requirements: list[str], constraints: dict[str, str], told: str
) -> None:
    assert any(told in sentence for sentence in problems(text, requirements, constraints))
