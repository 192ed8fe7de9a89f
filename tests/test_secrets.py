"""Credentials: no address, command or header shows one in any output, and what is no secret stays as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlaudit import api
from mlaudit.model.secrets import masked, without_credentials
from mlaudit.reporters._inventory import as_json, as_table
from mlaudit.reporters._registry import Style, formats, render
from mlaudit.request.options import Options
from mlaudit.request.source_spec import BadSource
from tests.checkout import write

SECRET = "hunter2SECRET"  # noqa: S105
LEAKING = (
    "https://u:p@hunter2SECRET@h.example/x/pkg-1.0.zip",
    f"pkg @ https://aws:{'e' * 700}hunter2SECRET@h.example/x",
    "https://u:a/hunter2SECRET@h.example/x",
    "https://u:1/hunter2SECRET@h.example/x",
    "https://u:a?hunter2SECRET@h/x",
    "https://u:p#hunter2SECRET@h.example/x",
    "git+https://u:hunter2SECRET@h/repo@v1.2",
    "https://hunter2SECRET@github.com/x",
    "HTTPS://U:hunter2SECRET@H/x",
    r"https:\\u:hunter2SECRET@h\x",
    r"https:\/\/u:hunter2SECRET@h\/x",
    "https:/u:hunter2SECRET@h/r.txt",
    "https%3A%2F%2Fu%3Ahunter2SECRET%40h%2Fx",
    "https://u:pw%40hunter2SECRET@h/x",
    "https://conda.anaconda.org/t/hunter2SECRET/channel",
    "https://h/t/hunter2SECRET",
    "conda.example.org/t/hunter2SECRET/channel::numpy=1.26",
    "https://h/x?pwd=hunter2SECRET&y=1",
    "https://h/x?a=1&jwt=hunter2SECRET",
    "https://h/x?a=1;password=hunter2SECRET",
    "https://h/x?code=hunter2SECRET",
    "https://h/x?sig=hunter2SECRET",
    "https://h/x?X-Amz-Credential=hunter2SECRET&b",
    "https://h/x?key=hunter2SECRET",
    "https://h/x?apiKey=hunter2SECRET",
    "https://h/x?access_token=hunter2SECRET#egg=a",
    "https://a https://u:hunter2SECRET@h y",
    "https://u:hunter2SECRET",
    "postgres://u:hunter2SECRET@db:5432/x",
    "PIP_INDEX_URL=https://u:hunter2SECRET@h/simple",
    "user:hunter2SECRET@host.example:path/x",
    "ARG MY_TOKEN=hunter2SECRET",
    "export AWS_SECRET_ACCESS_KEY='hunter2SECRET'",
    "curl -H 'Authorization: Bearer hunter2SECRET'",
    "login --password hunter2SECRET",
    "--password=hunter2SECRET",
    "ghp_hunter2SECRETaaaaaaaaaaaaa",
    "-----BEGIN RSA PRIVATE KEY-----\nhunter2SECRET\n-----END RSA PRIVATE KEY-----",
)
HARMLESS = (
    "src/t/data/model.pkl",
    "/srv/x.y/t/data/model.pkl",
    "git@github.com:org/x.git",
    "ssh://git@github.com/o/x",
    "git+ssh://git@github.com/o/r@abc.def/x",
    "pkg:npm/@scope/x@1.0",
    "numpy==1.0",
    "tokenizers==0.20.1 ; python_version >= '3.9'",
    "package @ https://host.example/x.whl",
    f"python:3.11@sha256:{'a' * 64}",
    "https://h.example:8080/simple",
    "https://localhost:3000/group/repo@v1.2",
    "git+https://github.com/o/x@v1.2#egg=y",
    "https://h/x.whl#sha256=abc",
    "https://h.example/x@1.0/y",
    "https://github.com/@scope/x",
    "https://h/x?version=1&sort=name",
    "docker://r:5000/i@sha256:abc",
    "name@example.com",
    "ENV PWD=/app",
    "ENV TOKENIZERS_PARALLELISM=false",
    "API_TOKEN=$API_TOKEN",
    "monkey=3",
    "http://localhost:$PORT/x",
    "http://localhost:${PORT}/x",
    "MODEL_PATH=/m key=value",
)


@pytest.mark.parametrize("text", LEAKING)
def test_a_credential_is_masked(text: str) -> None:
    assert SECRET not in masked(text)
    assert "***" in masked(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_credential_stays(text: str) -> None:
    assert masked(text) == text


def test_addresses_that_differ_by_credentials_are_equal() -> None:
    addresses = ("https://u:a@h/x", "https://other:b@h/x", "https://h/x")
    assert {without_credentials(masked(address)) for address in addresses} == {"https://h/x"}


users = st.text("abcxyz019._-", min_size=1, max_size=12)
# All that a URL may hold by RFC 3986, and what people write all the same.
passwords = st.text("abcXYZ019!$&*+-._~%@:", min_size=1, max_size=600).map(lambda text: f"{SECRET}{text}{SECRET}")
hosts = st.sampled_from(("h.example", "localhost", "10.0.0.1", "[::1]", "registry:5000"))
schemes = st.sampled_from(("https", "http", "git+https", "HTTPS", "ftp", "s3", "git+ssh"))
addresses = st.builds(lambda s, u, p, h: f"{s}://{u}:{p}@{h}/a/b-1.0.zip", schemes, users, passwords, hosts)


@settings(max_examples=200, deadline=None)
@given(address=addresses, before=st.text(max_size=20), after=st.text(max_size=20))
def test_no_generated_credential_is_left(address: str, before: str, after: str) -> None:
    assert SECRET not in masked(f"{before} {address} {after}")


def repository(address: str) -> dict[str, str]:
    """Files of many formats, each with the address wherever its format takes one."""
    quoted = json.dumps(address)
    package = f'{{"name": "z", "version": {quoted}, "purl": "pkg:pypi/z", "type": "library"}}'
    return {
        "training/requirements.txt": f"--index-url {address}\n-r {address}\nx @ {address}\n-e {address}\n{address} y\n",
        "training/freeze.txt": f"# Editable install with no version control (z==1)\n-e {address}\n",
        "serving/requirements.txt": f"--extra-index-url {address}\n-c {address}\nx @ {address}?v=2\n",
        "serving/Dockerfile": (
            f"FROM python:3.11\nRUN pip install -r {address}\nADD {address} .\nENV U={address}\nRUN pip install $U\n"
            f"BAD {address}\nRUN curl {address} | sh\n"
        ),
        "environment.yml": f"channels: [{quoted}]\ndependencies: [{quoted}, {{pip: [{quoted}]}}]\n",
        "pyproject.toml": f"[project]\nname='a'\ndependencies = [{quoted}]\n[[tool.uv.index]]\nurl = {quoted}\n",
        "bom.json": f'{{"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{package}]}}',
        "dvc.yaml": f"stages:\n  a:\n    cmd: x\n    outs: [{quoted}]\n",
        "setup.py": f"from setuptools import setup\nsetup(install_requires=[{quoted}, 'x @ ' + {quoted}])\n",
        ".github/workflows/a.yml": f"jobs: {{a: {{steps: [{{run: {json.dumps(f'pip install {address}')}}}]}}}}\n",
    }


@pytest.mark.slow
@example(address="https://0:hunter2SECRET$hunter2SECRET@h.example/a/b-1.0.zip")
@settings(max_examples=10, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(address=addresses)
def test_no_output_of_any_command_shows_a_credential(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = repository(address)
    write(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    environments = api.listing([*files], Options())
    with pytest.raises(BadSource) as raised:
        api.listing([address], Options())
    assert "***" in str(raised.value)
    outputs = [as_json(environments), as_table(environments)]
    reports = [api.check([], Options()), api.compare([*files], Options(only=("*",)))]
    outputs += [render(name)(report, Style(verbose=True)) for name in formats() for report in reports]
    outputs += [api.initial(Path()), str(raised.value)]
    for output in outputs:
        assert SECRET not in output
    assert "***" in outputs[0]
