"""The NVIDIA driver is older than what the CUDA version needs."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Fix, Role, Severity
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.model.versions import admits
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA304", Severity.ERROR, since="0.1", title="the driver is too old", fact="driver", when="has_driver"
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """The NVIDIA driver is older than what the CUDA version needs.

    What it does:
        Compares the driver that a dump (`nvidia-smi`, `collect_env`) states with the oldest one that runs the CUDA
        version of the same environment.

    Why:
        CUDA reports no device, or every kernel fails to load, on a machine that has a GPU.

    Example:
        Driver 470.57 beside CUDA 12.4, which needs 525.60.13.

    Fix:
        Update the driver of the host, or install builds for an older CUDA.

    References:
        https://docs.nvidia.com/deploy/cuda-compatibility/
    """
    driver, cuda = environment.cells.get("nvidia-driver"), environment.cells.get("cuda")
    if driver is None or cuda is None or driver.version is None or cuda.version is None:
        return
    from mlaudit.knowledge.binaries import minimum_driver

    needed = minimum_driver(cuda.version)
    if needed is not None and not admits(f">={needed.minimum}", driver.version):
        yield Hit(
            package="nvidia-driver",
            environments=(environment.name,),
            message=(
                f"{environment.name} has the driver {driver.version}; CUDA {cuda.version} needs {needed.minimum} or "
                f"newer."
            ),
            at=view.place(driver),
            related=(Location(view.place(cuda), Role.REQUIREMENT, f"CUDA {cuda.version}"),),
            evidence=needed.evidence,
            expected=needed.minimum,
            actual=driver.version,
            values=(driver.version, cuda.version),
            fix=Fix(says=f"update the driver to {needed.minimum} or newer"),
        )
