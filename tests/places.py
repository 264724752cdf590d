"""The repository that the tests belong to."""

from stages.core.paths import Paths

HERE = Paths.here()
ROOT = HERE.root
