"""The proofs of the theorems: in a checkout they lie beside the package, and an installed package has them here."""

from pathlib import Path

__path__ = [str(Path(__file__).parents[2] / "proofs")]
