from collections.abc import Iterator

import numpy as np
import pytest

from sqtheory import SpellingError, compare, parse
from sqtheory.alphabet.partition import partition as cutting
from sqtheory.compress import Recipe
from sqtheory.compress.compressing import off_grid
from sqtheory.compress.patterns import broken
from sqtheory.orders.applied import Order
from sqtheory.orders.optimum import gain_optimum
from tests.compress.material import RECIPES, weights

MASKS = ("2:4", "nm(1, 4, axis=0)", "top(0.3, per=row)", "50%", "blockwise(0.5, tile=(4, 4))", "threshold(0.5)")


@pytest.fixture(params=[16, 1 << 19], ids=["small slabs", "one slab"])
def slab(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(cutting, "SLAB", request.param)
    return request.param


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("p", [1.0, 2.0, np.inf])
def test_the_optimum_is_the_same_in_slabs(slab: int, mask: str, p: float) -> None:
    for seed in range(4):
        x = weights("f4", seed, (12, 16))
        s, q = parse(mask), parse("int4:b32")
        y = Recipe(mask, "int4:b32", Order.gain, p).image(x, "w")
        np.testing.assert_array_equal(y, gain_optimum(x, q(x), s, p))
        error = np.linalg.norm((x.astype("f8") - y).ravel(), p)
        assert error == pytest.approx(compare(x, s, q, p).errors.gain, rel=1e-12)


@pytest.mark.parametrize("shape", [(), (0,), (5,), (0, 8), (8, 0), (7, 8), (3, 4, 8)])
def test_slabs_cover_the_first_axis_once(slab: int, shape: tuple[int, ...]) -> None:
    for mask in MASKS:
        groups = parse(mask).groups
        if len(shape) > 1:
            assert [i for cut in groups.slabs(shape) for i in range(shape[0])[cut]] == [*range(shape[0])]


@pytest.mark.parametrize("mask", MASKS)
def test_one_entry_too_many_breaks_a_pattern(slab: int, mask: str) -> None:
    """Every pattern is kept by its own mask; one pruned entry that comes back breaks all but that of a threshold."""
    s, rng = parse(mask), np.random.default_rng(0)
    for seed in range(20):
        x = weights("f4", seed, (12, 16))
        y = s(x)
        assert broken(s, y) is None and broken(s, np.zeros_like(x)) is None
        place = tuple(rng.choice(np.argwhere(y == 0)))
        y[place] = 1
        found = broken(s, y)
        if mask.startswith("threshold"):
            assert found is None
        elif mask.startswith("blockwise"):
            assert "units are not 0" in str(found)
        else:
            assert f"group {s.groups.box_of(place, x.shape)} " in str(found)


def test_a_short_group_is_judged_by_its_own_budget() -> None:
    s = parse("top(0.5, block=4)")
    y = np.array([[1, 1, 0, 0, 1, 0], [1, 0, 0, 1, 1, 1]], np.float32)
    assert "group (1, 1) has 2 entries that are not 0" in str(broken(s, y))
    assert broken(s, y[:1]) is None


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_grid_holds_where_the_theorem_says_so(recipe: Recipe) -> None:
    ruled = recipe.on_grid((32, 64))
    assert ruled.why
    for seed in range(10):
        y = recipe.image(weights("f4", seed), "w")
        assert not ruled.closed or off_grid(recipe, "w", y) is None
        again = recipe.image(weights("f4", seed), "w")
        np.testing.assert_array_equal(y, again)


def test_words_that_are_no_recipe_are_refused() -> None:
    with pytest.raises(SpellingError, match="not a mask"):
        Recipe("int4", "int4")
    with pytest.raises(SpellingError, match="did you mean 'mxfp4'"):
        Recipe("2:4", "mxpf4")
    with pytest.raises(ValueError, match="p-norm"):
        Recipe("2:4", "int4", norm=0)


def test_tensors_of_other_names_draw_other_numbers() -> None:
    recipe, x = RECIPES["random"], weights("f4")
    assert not np.array_equal(recipe.image(x, "a"), recipe.image(x, "b"))
    np.testing.assert_array_equal(recipe.image(x, "a"), recipe.image(x, "a"))
