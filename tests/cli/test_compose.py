"""The compose file and the Dockerfile's context are what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    made: dict[str, Any] = yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]
    return made


def test_the_compose_file_meets_the_specification() -> None:
    pytest.importorskip("check_jsonschema", reason="the extra dev is not installed")
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_only_the_api_and_the_page_start_unasked(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if "profiles" not in service} == {"api", "ui"}
    assert all(service["restart"] == "unless-stopped" for service in services.values())


def test_nothing_but_the_api_and_the_page_is_reached_from_outside(services: dict[str, Any]) -> None:
    assert {name for name, service in services.items() if service.get("ports")} == {"api", "ui"}


def test_the_nodes_of_ray_are_of_the_image_of_the_api_and_begin_after_their_head(services: dict[str, Any]) -> None:
    head, node = services["ray"], services["ray-node"]
    assert head["profiles"] == node["profiles"] == ["ray"]
    assert {one["image"] for one in (head, node)} == {services["api"]["image"]}
    [port] = [option.removeprefix("--port=") for option in head["command"] if option.startswith("--port=")]
    assert f"--address=ray:{port}" in node["command"]
    assert f"ray:{port}" in head["healthcheck"]["test"]
    assert node["depends_on"] == {"ray": {"condition": "service_healthy"}}
    with_ray = (ROOT / "docs" / "docker.md").read_text("utf-8")
    [client] = [one.partition("=")[2] for one in head["command"] if one.startswith("--ray-client-server-port=")]
    assert f"ray://ray:{client}" in with_ray


def test_ray_knows_the_options_of_its_nodes(services: dict[str, Any]) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    shown = subprocess.run(
        [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in ("ray", "ray-node"):
        for option in services[name]["command"][2:]:
            assert option.partition("=")[0] in shown


def test_every_setting_that_compose_asks_for_is_explained_in_the_example() -> None:
    asked = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text("utf-8")))
    explained = {
        line.split("=")[0]
        for line in (ROOT / ".env.example").read_text("utf-8").splitlines()
        if re.match(r"\w+=", line)
    }
    assert asked - {"MUNDAP_IMAGE"} <= explained


def test_the_commands_of_the_services_are_known(services: dict[str, Any], command: str) -> None:
    for name in ("api", "ui"):
        program, verb, *options = services[name]["command"]
        assert program == "mundap"
        shown = subprocess.run([command, verb, "--help"], capture_output=True, text=True, check=True).stdout
        for option in options:
            if option.startswith("--"):
                assert option in shown
