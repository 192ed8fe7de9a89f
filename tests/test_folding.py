"""One fact, one finding: what moved with a package is told with it, and nothing that breaks by itself is."""

from __future__ import annotations

from mlaudit.document.document import Document
from mlaudit.environments.environment import environment
from mlaudit.model.report import Finding
from mlaudit.parsers._read import read
from mlaudit.request.audit_request import EnvironmentRequest
from mlaudit.request.settings import Settings
from mlaudit.request.wanted import Wanted
from tests.reports import audited


def findings(training: str, serving: str, as_format: str = "requirements") -> list[Finding]:
    sides = [
        environment(
            EnvironmentRequest(name=name, role=name, follows=() if name == "training" else ("training",)),
            [read(Document(f"{name}.txt", text.encode()), as_format)],
            Wanted(),
        )
        for name, text in (("training", training), ("serving", serving))
    ]
    return list(audited("compare", sides, Settings()).findings)


def test_forty_packages_behind_one_torch_are_one_finding() -> None:
    nvidia = [f"nvidia-part{number}-cu12" for number in range(40)]
    training = "torch==2.5.1\ntorchvision==0.20.1\n" + "".join(f"{name}==12.4.1\n" for name in nvidia)
    serving = "torch==2.4.1\ntorchvision==0.19.1\n" + "".join(f"{name}==12.1.3\n" for name in nvidia)
    found = findings(training, serving)
    assert [finding.package for finding in found] == ["torch"]
    assert len(found[0].covers) == 41
    assert "nvidia-part0-cu12 12.4.1 → 12.1.3" in found[0].covers


def test_without_their_leader_they_speak_for_themselves() -> None:
    found = findings("nvidia-cublas-cu12==12.4.1\n", "nvidia-cublas-cu12==11.1.3\n")
    assert [finding.package for finding in found] == ["nvidia-cublas-cu12"]


def test_a_break_of_its_own_is_not_folded() -> None:
    found = findings("transformers==4.45.0\ntokenizers==0.20.1\n", "transformers==4.40.0\ntokenizers==0.19.1\n")
    assert any(finding.package == "tokenizers" and finding.evidence for finding in found)
