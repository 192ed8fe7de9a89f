"""Images as statements of versions."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest

from mlaudit.document.document import Document
from mlaudit.grammars.container.image_tags import contents, parse, rows, statements
from mlaudit.model.nouns import Kind, Pin, Unread
from mlaudit.model.scope import PinScope

KNOWLEDGE = Path(os.environ.get("MLAUDIT_CORPUS", Path(__file__).parents[2] / "shared" / "corpus")).parent / "knowledge"
IMAGES = KNOWLEDGE / "images.csv"
PACKAGES = {"pytorch": "torch", "stabilityai": "torch"}
NOT_PYTHON_PACKAGES = {"cuda", "base", "base devel", "base runtime", "djlserving", "llama.cpp", "tei", "triton"}


def inside(image: str) -> dict[str, str | None]:
    reference = parse(image)
    assert reference is not None
    return {content.name: content.version or content.specifier for content in contents(reference)}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("python:3.11-slim", {"python": "3.11"}),
        ("python:3.13.0rc1", {"python": "3.13.0rc1"}),
        ("docker.io/library/python:3.10.4-alpine3.18", {"python": "3.10.4"}),
        ("registry.example.com:5000/mirror/library/python:3.11", {"python": "3.11"}),
        ("python:latest", {}),
        ("python", {}),
        ("pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime", {"torch": "2.1.0", "cuda": "12.1", "cudnn": "8"}),
        ("ghcr.io/other/pytorch:2.1.0-cuda12.1-cudnn8-runtime", {}),
        ("nvidia/cuda:12.1.1-cudnn8-runtime-ubuntu22.04", {"cuda": "12.1.1", "cudnn": "8"}),
        ("nvcr.io/nvidia/cuda:13.0.1-cudnn-devel-ubuntu24.04", {"cuda": "13.0.1", "cudnn": "9"}),
        ("nvidia/cuda:11.8.0-base-ubuntu22.04", {"cuda": "11.8.0"}),
        ("tensorflow/tensorflow:2.15.0-gpu-jupyter", {"tensorflow": "2.15.0"}),
        ("rayproject/ray:2.9.0-py310-cu118", {"python": "3.10", "ray": "2.9.0", "cuda": "11.8"}),
        ("rayproject/ray:2.9.0", {"ray": "2.9.0"}),
        ("huggingface/transformers-pytorch-gpu:4.41.2", {"transformers": "4.41.2"}),
        ("us-docker.pkg.dev/vertex-ai/prediction/sklearn-cpu.1-3:latest", {"scikit-learn": "==1.3.*"}),
        (
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:"
            "2.9.0-transformers5.3.0-gpu-py312-cu130-ubuntu22.04",
            {"python": "3.12", "torch": "2.9.0", "transformers": "5.3.0", "cuda": "13.0"},
        ),
        (
            "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.9-gpu-py312",
            {"python": "3.12", "torch": "==2.9.*"},
        ),
        (
            "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            {"scikit-learn": "1.2.1"},
        ),
        ("ghcr.io/astral-sh/uv:0.5.4-python3.12-bookworm-slim", {"python": "3.12"}),
        ("databricksruntime/gpu-base:cuda11.8", {"cuda": "11.8.0", "cudnn": "8"}),
        ("mcr.microsoft.com/azureml/curated/acpt-pytorch-2.2-cuda12.1:58", {}),
        ("mcr.microsoft.com/azureml/curated/acpt-pytorch-2.0-cuda11.7:5", {"torch": "==2.0.*", "cuda": "11.7"}),
        ("mcr.microsoft.com/azureml/curated/tensorflow-2.16-cuda11:7", {"tensorflow": "==2.16.*"}),
        ("mcr.microsoft.com/azureml/curated/sklearn-1.5:12", {"scikit-learn": "==1.5.*"}),
        (
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/djl-inference:0.36.0-lmi28.0.0-cu130",
            {"vllm": "0.26.0", "cuda": "13.0"},
        ),
        (
            "pytorch/torchserve:0.12.0-cpu",
            {
                "python": "3.9",
                "torchserve": "0.12.0",
                "torch": "2.4.0",
                "torchvision": "0.19.0",
                "torchaudio": "2.4.0",
                "numpy": "1.24.3",
                "pillow": "10.3.0",
                "captum": "0.6.0",
            },
        ),
        ("pytorch/torchserve:0.7.0-gpu", {"torchserve": "0.7.0"}),
        (
            "nvcr.io/nvidia/merlin/merlin-tensorflow:22.12",
            {
                "tensorflow": "2.10.0",
                "nvtabular": "1.8.0",
                "merlin-core": "0.10.0",
                "merlin-models": "0.11.0",
                "merlin-systems": "0.9.0",
                "transformers4rec": "0.1.16",
                "cuda": "11.8.0",
                "cudnn": "8.7.0.80",
            },
        ),
        ("mcr.microsoft.com/devcontainers/python:1-3.11-bookworm", {"python": "3.11"}),
        ("busybox:1.36", {}),
    ],
)
def test_a_tag_says_what_is_inside(image: str, expected: dict[str, str]) -> None:
    assert inside(image) == expected


@pytest.mark.parametrize(
    ("image", "variant"),
    [
        ("pytorch/pytorch:2.1.0-cuda12.1-cudnn8-devel", "cu121"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-cpu-py312-ubuntu22.04-ec2", "cpu"),
        ("pytorch/pytorch:2.1.0", None),
    ],
)
def test_torch_comes_in_the_build_of_the_image(image: str, variant: str | None) -> None:
    reference = parse(image)
    assert reference is not None
    assert [content.variant for content in contents(reference) if content.name == "torch"] == [variant]


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("python", "python", None, None),
        ("python:3.11", "python", "3.11", None),
        ("localhost:5000/a/b", "localhost:5000/a/b", None, None),
        ("localhost:5000/a/b:1", "localhost:5000/a/b", "1", None),
        ("python@sha256:" + "ab" * 32, "python", None, "sha256:" + "ab" * 32),
        ("python:3.11@sha256:" + "ab" * 32, "python", "3.11", "sha256:" + "ab" * 32),
    ],
)
def test_references_are_taken_apart(text: str, repository: str, tag: str | None, digest: str | None) -> None:
    reference = parse(text)
    assert reference is not None
    assert (reference.repository, reference.tag, reference.digest) == (repository, tag, digest)


@pytest.mark.parametrize("text", ["", "my image", "python:", "a" * 5000, "python:3.11@sha256:x"])
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse(text) is None


def test_pins_name_the_image_and_where_they_come_from() -> None:
    doc = Document("Dockerfile", b"")
    at = doc.place(1, 6, 5, 30)
    image, python = statements(doc, "python:3.11-slim", at, scope=PinScope(parts=("serve",), step=4))
    assert isinstance(image, Pin)
    assert isinstance(python, Pin)
    assert (image.kind, image.name, image.version, image.derived_from) == (Kind.IMAGE, "python", "3.11-slim", None)
    assert (python.kind, python.version, python.derived_from) == (Kind.PYTHON, "3.11", at)
    assert (python.parts, python.step) == (("serve",), 4)


@pytest.mark.parametrize(("text", "template"), [("python:${V}", True), ("{{ image }}", True), ("my image", False)])
def test_what_cannot_be_read_is_said(text: str, template: bool) -> None:
    doc = Document("Dockerfile", b"")
    (unread,) = statements(doc, text, doc.place(1, 1))
    assert isinstance(unread, Unread)
    assert unread.template is template


def test_a_registry_that_is_a_variable_does_not_matter() -> None:
    doc = Document("Dockerfile", b"")
    found = list(statements(doc, "${REGISTRY}/pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime", doc.place(1, 1)))
    assert [pin.name for pin in found if isinstance(pin, Pin)] == ["pytorch/pytorch", "torch", "cuda", "cudnn"]


def test_every_row_is_a_pattern_or_a_name_that_can_match() -> None:
    for row in rows():
        for text, is_pattern in zip((row.name, row.tag), row.is_pattern, strict=True):
            assert not is_pattern or re.compile(text or "") is not None
        assert row.name


def _expected(row: dict[str, str]) -> dict[str, str]:
    """What a row of the collection says, in our words."""
    expected = {}
    if row["python"] not in ("", "py3"):
        expected["python"] = row["python"]
    if row["cuda"]:
        tight = re.fullmatch(r"cu(\d+)(\d)", row["cuda"])
        expected["cuda"] = f"{tight[1]}.{tight[2]}" if tight else ".".join(row["cuda"].split(".")[:3])
    if row["cudnn"]:
        expected["cudnn"] = row["cudnn"]
    framework = row["framework"].lower()
    if framework not in NOT_PYTHON_PACKAGES and row["framework_version"]:
        short = framework in ("scikit-learn", "xgboost")
        version = row["framework_version"].partition("-")[0] if short else row["framework_version"]
        expected[PACKAGES.get(framework, framework)] = version
    return expected


def _collected() -> list[dict[str, str]]:
    if not IMAGES.is_file():
        return []
    with IMAGES.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == "tag"]


@pytest.mark.skipif(not IMAGES.is_file(), reason="the collection of image tags is not beside the repository")
def test_the_collected_tags_say_what_was_found_in_their_images() -> None:
    wrong = []
    for row in _collected():
        if row["image"].endswith("/text-generation-inference") and row["cuda"].startswith("12.4"):
            # The collection names CUDA of the stage that builds; the stage that serves begins from another image.
            row = {**row, "cuda": ""}
        image = row["image"].replace("<acct>", "763104351884").replace("<region>", "us-east-1")
        found = inside(f"{image}:{row['tag_or_pattern']}")
        for name, version in _expected(row).items():
            if not (found.get(name) or "").removeprefix("==").startswith(version):
                wrong.append((image, row["tag_or_pattern"], name, version, found.get(name)))
    assert wrong == []
