import numpy as np
import pytest

from sqtheory.alphabet.kernels import engine, quantization, scratch
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.quantizers import Quantizer

RULES = (
    *("mxfp8", "hbfp8:b64", "int4:b32", "nvfp4", "int(4, per=row)", "int(4, per=tensor)", "int(4, block=7)", "mxint8"),
    *("int(4, scaling=halfrange)", "int(4, scaling=mse)", "cast(e4m3)"),
)


@pytest.mark.usefixtures("loops")
@pytest.mark.parametrize("text", RULES)
def test_scales_are_those_of_the_rule(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    q = parse(text)
    assert isinstance(q, Quantizer)
    x = np.random.default_rng(5).normal(size=(6, 4, 192)) * 2.0 ** np.arange(-60, 60, 20)[:, None, None]
    x[1, 2], x[2, :, ::2] = -0.0, 2.0**-149
    for given in (x, x.astype(np.float32), x[:, ::-1], x[..., 5:]):
        for tile in (scratch.TILE, 1000):
            monkeypatch.setattr(scratch, "TILE", tile)
            with np.errstate(over="ignore", under="ignore"):
                expected, found = q.scaling.scales(given, q.partition, q.format), q.scales(given)
            assert found.dtype == expected.dtype and found.shape == expected.shape
            assert found.tobytes() == expected.tobytes()


def test_the_definition_takes_no_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("tiles were taken")

    monkeypatch.setattr(quantization, "amax_of_runs", never)
    q, x = parse("mxfp8"), np.ones((4, 64), np.float32)
    assert isinstance(q, Quantizer)
    with engine("definition"):
        assert q.scales(x).shape == (4, 2)
    with pytest.raises(AssertionError, match="tiles"):
        q.scales(x)
