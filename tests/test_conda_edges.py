"""What locks of conda state about who requires whom."""

from __future__ import annotations

import pytest

from mlaudit.document.document import Document
from mlaudit.mapping.conda_edges import with_conda_edges
from mlaudit.parsers._read import read

CONDA_LOCK = """\
version: 1
metadata: {channels: [], platforms: [linux-64, osx-64]}
package:
- {name: numpy, version: 2.1.3, manager: conda, platform: linux-64, dependencies: {__glibc: ">=2.17", LibBLAS: ">=3.9"}}
- {name: numpy, version: 2.1.3, manager: conda, platform: osx-64, dependencies: {libblas: ">=3.9", python: 3.12}}
- {name: libblas, version: 3.9.0, manager: conda, platform: linux-64}
- {name: python, manager: conda, platform: linux-64, dependencies: {tk: ""}}
- 7
- {name: [], version: 1}
"""
PIXI_LOCK = """\
version: 6
environments:
  default:
    channels: [{url: https://conda.example/conda-forge/}]
    packages:
      linux-64:
      - conda: https://conda.example/conda-forge/linux-64/numpy-2.1.3-py312_0.conda
      - pypi: https://files.example/pandas-2.2.2-cp312.whl
packages:
- conda: https://conda.example/conda-forge/linux-64/numpy-2.1.3-py312_0.conda
  depends: ["__glibc >=2.17", "python >=3.12,<3.13.0a0", libblas]
- pypi: https://files.example/pandas-2.2.2-cp312.whl
  name: pandas
  version: 2.2.2
  requires_dist: ["numpy>=1.26", "pytest>=7 ; extra == 'test'"]
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "conda-lock.yml",
            CONDA_LOCK,
            {"numpy": ["libblas >=3.9", "python 3.12"], "libblas": []},
        ),
        (
            "pixi.lock",
            PIXI_LOCK,
            {"numpy": ["python >=3.12,<3.13.0a0", "libblas None"], "pandas": ["numpy >=1.26", "pytest >=7"]},
        ),
    ],
)
def test_the_requirements_of_all_platforms_are_together(name: str, text: str, expected: dict[str, list[str]]) -> None:
    document = Document(name, text.encode())
    pins = with_conda_edges(read(document).pins, document)
    assert {pin.name: [f"{edge.name} {edge.specifier}" for edge in pin.requires] for pin in pins} == expected
