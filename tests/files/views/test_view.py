from itertools import combinations, permutations

import numpy as np
import pytest

from sqtheory.files.views.view import View


def views(axes: int) -> list[View]:
    """Every choice of axes reduced, in every order, and of axes apart."""
    found = []
    for count in range(1, axes + 1):
        for reduced in permutations(range(axes), count):
            others = [axis for axis in range(axes) if axis not in reduced]
            aparts = (apart for size in range(len(others) + 1) for apart in combinations(others, size))
            found += [View(reduced, apart) for apart in aparts]
    return found


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
def test_every_view_is_a_bijection(axes: int) -> None:
    x = np.arange(np.prod(shape := (2, 3, 4, 5)[:axes]), dtype=np.float32).reshape(shape)
    for view in views(axes):
        y = view.forward(x)
        count, rows, columns = view.matrices(shape)
        assert y.shape == view.shape(shape) and y.flags.c_contiguous and y.size == x.size == count * rows * columns
        assert np.array_equal(view.back(y, shape), x)
        assert len(list(view.indices(shape))) == count
        assert View.parse(str(view)) == view


def test_a_convolution_has_its_input_channels_fastest() -> None:
    x = np.arange(16 * 8 * 3 * 2).reshape(16, 8, 3, 2)
    y = View.convolution(4).forward(x)
    assert y.shape == (16, 48)
    assert np.array_equal(y[5, :8], x[5, :, 0, 0]) and np.array_equal(y[5, 8:16], x[5, :, 0, 1])
    transposed = View.convolution(4, transposed=True).forward(x)
    assert transposed.shape == (8, 96)
    assert np.array_equal(transposed[5, :16], x[:, 5, 0, 0])


@pytest.mark.parametrize("inputs", [1, 2])
def test_experts_are_matrices_of_their_own(inputs: int) -> None:
    x = np.arange(4 * 6 * 8).reshape(4, 6, 8)
    y = View.experts(inputs=inputs).forward(x)
    assert all(np.array_equal(y[e], x[e].T if inputs == 1 else x[e]) for e in range(4))


@pytest.mark.parametrize(
    ("view", "shape", "text"),
    [
        (View.convolution(4), (512, 256, 5, 1), "axis 1 as [out, kh·kw·in] 512×1280"),
        (View.convolution(3, transposed=True), (4, 8, 3), "axis 0 as [out, k·in] 8×12"),
        (View.experts(inputs=1), (4, 64, 96), "axis 1 as [expert, out, in] 4×96×64"),
        (View((0,), names=("in", "out")), (768, 2304), "axis 0 as [out, in] 2304×768"),
        (View((1,)), (2, 3, 4), "axis 1 as 8×3"),
    ],
)
def test_a_view_says_what_it_reduces(view: View, shape: tuple[int, ...], text: str) -> None:
    assert view.text(shape) == text


def test_only_the_last_axis_of_a_matrix_is_plain() -> None:
    assert View((1,)).is_plain(2)
    assert not View((0,)).is_plain(2)
    assert not View((2,)).is_plain(3)
    assert not View((1,), (0,)).is_plain(2)


@pytest.mark.parametrize("text", ["", "-1", "1+1", "0/0", "a", "0/", "/", "1,2", "1/2/3", "²"])
def test_what_is_no_view_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"axes are numbers|a view reduces"):
        View.parse(text)


def test_an_axis_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match=r"axis 3 does not exist in a tensor of shape \(4, 5\)"):
        View((3,)).forward(np.zeros((4, 5)))
