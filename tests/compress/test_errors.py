"""The error in a report is ‖x − y‖ of the values in the file, however it was found."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from sqtheory.compress import Recipe
from sqtheory.compress.compressing import distance
from sqtheory.orders.applied import Order
from tests.compress.material import applied

RECIPES = (
    *(Recipe("2:4", "mxfp4", order) for order in (Order.sq, Order.qs, Order.gain)),
    *(Recipe("3:4", "int4:b32", norm=p) for p in (1, 3, np.inf)),
    Recipe("50%", "nvfp4", frozen_scale=True),
    Recipe("2:4", "int(4, rounding=stochastic(rng))", seed=3),
)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{r.title}, {r.norm:g}, {r.frozen_scale}")
def test_the_error_is_that_of_the_values(tmp_path: Path, recipe: Recipe) -> None:
    rng = np.random.default_rng(41)
    x = {"a.weight": rng.normal(size=(64, 96)).astype("f4"), "b.weight": rng.normal(size=(64, 96)).astype("f2")}
    save_file(x, tmp_path / "in.safetensors")
    out = tmp_path / "out.safetensors"
    report = applied(tmp_path / "in.safetensors", out, recipe)
    y = load_file(out)
    for one in report.tensors:
        assert one.error == distance(x[one.name].astype("f4"), y[one.name].astype("f4"), recipe.norm)
