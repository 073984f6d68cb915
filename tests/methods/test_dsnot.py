"""DSnoT as a method: Wanda's mask with swaps, the joint pass that knows the rounding, and what published code does."""

from pathlib import Path

import numpy as np
import pytest

from sqtheory.alphabet.compensation.swap import lost_means
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.procedures import PLAIN
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.arrays import Array
from sqtheory.execution import Spelled
from sqtheory.files.statistics import Statistics, write_statistics
from sqtheory.methods import find
from sqtheory.orders.applied import Order
from sqtheory.orders.procedural import ordered_image, sparse_image

RNG = np.random.default_rng(2)
W = RNG.standard_normal((48, 32)).astype(np.float32)
X = RNG.standard_normal((300, 32)) + RNG.standard_normal(32)


FOUND = {"norms": np.linalg.norm(X, axis=0), "means": X.mean(axis=0), "variances": X.var(axis=0)}


@pytest.fixture
def statistics(tmp_path: Path) -> Statistics:
    return written(tmp_path / "s.safetensors", FOUND, "w")


def written(path: Path, found: dict[str, Array], name: str) -> Statistics:
    write_statistics(
        path, {name: found["norms"]}, {}, {}, means={name: found["means"]}, variances={name: found["variances"]}
    )
    return Statistics.read(path)


def bias(made: Array) -> float:
    return float(np.abs(lost_means(W, made, X.mean(axis=0))).sum())


@pytest.mark.parametrize("variant", ["", ":published", ":unweighted"])
def test_a_group_keeps_its_number_and_the_mean_error_falls(statistics: Statistics, variant: str) -> None:
    pair = find(f"dsnot{variant}").assigned(Spelled("2:4", "int4"), statistics).of("w")
    assert pair.s == nm(2, 4, score=wanda(np.linalg.norm(X, axis=0)[None, :]))
    made = {order: ordered_image(W, pair, order) for order in (Order.sq, Order.qs, Order.joint)}
    for one in (*made.values(), sparse_image(W, pair)):
        count = Blocks(4).reduce((one != 0).astype(int), lambda rows: rows.sum(axis=1))
        assert one.dtype == W.dtype and count.max() == 2
    plain = np.where(pair.s.mask(W), int_(4)(W), 0)
    assert bias(made[Order.joint]) < 0.9 * bias(plain)
    assert bias(sparse_image(W, pair)) < 0.95 * bias(pair.s(W))


def test_the_joint_pass_knows_the_rounding(statistics: Statistics) -> None:
    pair = find("dsnot").assigned(Spelled("top(0.5, per=row)", "int(3)"), statistics).of("w")
    joint, first = (ordered_image(W, pair, order) for order in (Order.joint, Order.sq))
    assert bias(joint) < 0.9 * bias(first)
    assert np.isin(joint, np.append(int_(3)(W), 0)).all() and ((joint != 0).sum(axis=1) <= 16).all()


def test_published_code_checks_one_sign_alone(statistics: Statistics, tmp_path: Path) -> None:
    """Rows: the sign of what is given up; groups: that of what is lost. Layers of an MLP are left to Wanda."""
    mlp = written(tmp_path / "mlp.safetensors", FOUND, "layers.0.mlp.up.weight")
    for mask, own in (("top(0.5, per=row)", (False, True)), ("2:4", (True, False))):
        law = find("dsnot:published").assigned(Spelled(mask, "int4"), statistics).of("w").procedure
        assert (law.rule.keeps_sign, law.rule.against) == own and law.rule.tolerance == 0.1 / 2048  # type: ignore[attr-defined]
    assert find("dsnot:published").assigned(Spelled("2:4", "int4"), mlp).of("layers.0.mlp.up.weight").procedure == PLAIN
    assert find("dsnot").assigned(Spelled("2:4", "int4"), mlp).of("layers.0.mlp.up.weight").procedure != PLAIN
    assert find("dsnot").assigned(Spelled("2:4", "int4"), statistics).of("w").procedure.rule.against  # type: ignore[attr-defined]
