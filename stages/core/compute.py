"""Where work on large tables is done: section `compute` of `params.yaml`.

No stage depends on it: what is computed is the same on any number of machines.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stages.core.section import Section

ENGINE, SCHEDULER = "CHURN_ENGINE", "DASK_SCHEDULER_ADDRESS"  # the second one is Dask's own
DASK: Literal["dask"] = "dask"


class Compute(Section):
    """The cores of this machine, or a Dask cluster; without a scheduler one is started here."""

    section: ClassVar[str] = "compute"

    engine: Literal["local", "dask"]
    scheduler: Annotated[str, Field(pattern=r"^\w+://.+:\d+$")] | None

    @property
    def environment(self) -> dict[str, str]:
        """The variables that tell a stage's process."""
        address = {SCHEDULER: self.scheduler} if self.scheduler else {}
        return {ENGINE: self.engine, **address}
