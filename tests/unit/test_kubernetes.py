"""The manifests of deploy/kubernetes: what Kubernetes takes, and what fits this version and what it serves."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mundap import __version__
from mundap.config import Config

yaml = pytest.importorskip("yaml", reason="needs PyYAML: make setup-dev")

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
KUBERNETES = ("1.29", "1.33")  # the oldest with all that is used, and one of today's


def objects() -> Iterator[dict[str, Any]]:
    for file in sorted(FOLDER.glob("*.yaml")):
        if file.name != "kustomization.yaml":
            yield from yaml.safe_load_all(file.read_text("utf-8"))


def pods() -> dict[str, Any]:
    found = {}
    for one in objects():
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            found[one["metadata"]["name"]] = spec["template"]
    return found


@pytest.mark.slow  # the schemas of all that Kubernetes has, for two versions
@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_every_object(version: str) -> None:
    reason = "needs kubernetes-validate: make setup-dev"
    kubernetes_validate = pytest.importorskip("kubernetes_validate", reason=reason)
    kinds = set()
    for one in objects():
        kubernetes_validate.validate(one, version, strict=True)
        kinds.add(one["kind"])
    assert kinds >= {"Deployment", "Service", "HorizontalPodAutoscaler", "CronJob", "PodDisruptionBudget", "Secret"}


def test_every_object_is_listed_but_the_secret() -> None:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
    files = {file.name for file in FOLDER.glob("*.yaml")} - {"kustomization.yaml", "secret.example.yaml"}
    assert set(listed["resources"]) == files
    assert listed["images"] == [{"name": "mundap", "newTag": __version__}]


def test_containers_may_do_nothing_that_they_need_not() -> None:
    for name, pod in pods().items():
        assert pod["spec"]["securityContext"]["runAsNonRoot"], name
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in pod["spec"]["containers"]:
            held = container["securityContext"]
            assert held["readOnlyRootFilesystem"]
            assert not held["allowPrivilegeEscalation"]
            assert held["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]


def test_what_selects_pods_finds_them() -> None:
    labels = [pod["metadata"]["labels"] for pod in pods().values()]
    for one in objects():
        spec = one.get("spec", {})
        selectors = [spec.get(key, {}) for key in ("selector", "podSelector")]
        for selector in selectors:
            wanted = selector.get("matchLabels", selector)
            assert not wanted or any(wanted.items() <= had.items() for had in labels), one["metadata"]["name"]


def test_the_server_has_time_to_finish_what_it_answers() -> None:
    spec = pods()["mundap-serve"]["spec"]
    pause = int(spec["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    assert spec["terminationGracePeriodSeconds"] > pause + Config().serve.shutdown_seconds


def test_the_settings_are_settings_and_hold_no_password() -> None:
    text = (FOLDER / "mundap.toml").read_text("utf-8")
    config = Config.model_validate(tomllib.loads(text))
    assert config.jobs.executor == "postgres"
    assert "@" in config.jobs.url
    assert ":" not in config.jobs.url.removeprefix("postgresql://").partition("@")[0]
