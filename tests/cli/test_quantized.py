"""Quantized checkpoints as people ship them, on the command line: values are compared, scales never; faults refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from sqtheory.cli import main
from tests.files.codecs.handmade import Tensor, codes, f32, random_codes, write

RNG = np.random.default_rng(7)
ORDER = ("--mask", "2:4", "--format", "mxfp4", "--json")


def one_byte(shape: tuple[int, int], value: int, last: int | None = None) -> np.ndarray:
    raw = np.full(shape, value, np.uint8)
    raw[-1, -1] = value if last is None else last
    return raw


def nvfp4(last_scale: int) -> dict[str, Tensor]:
    return {
        "l.weight": codes("U8", RNG.integers(0, 256, (64, 32), np.uint8)),
        "l.weight_scale": codes("F8_E4M3", one_byte((64, 4), 0x38, last_scale)),
        "l.weight_scale_2": f32(0.5),
    }


def fp4_in_bytes(last_scale: int) -> dict[str, Tensor]:
    return {
        "l.weight": codes("I8", RNG.integers(0, 256, (64, 64), np.uint8)),
        "l.scale": codes("F8_E8M0", one_byte((64, 4), 127, last_scale)),
    }


def f4(shape: tuple[int, int], last_scale: int = 127) -> dict[str, Tensor]:
    size = shape[0] * shape[1] // 2
    return {
        "q.weight": ("F4", shape, RNG.integers(0, 256, size, np.uint8).tobytes()),
        "q.weight_scale": codes("F8_E8M0", one_byte((shape[0], -(-shape[1] // 32)), 127, last_scale)),
    }


FP8: dict[str, Tensor] = {
    "l.weight": codes("F8_E4M3", random_codes((512, 1024))),
    "l.weight_scale_inv": f32(RNG.random((4, 8))),
}


def order(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    status = main(["order", str(path), *ORDER])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize(
    ("tensors", "shape"),
    [(nvfp4(0x38), [64, 64]), (FP8, [512, 1024]), (fp4_in_bytes(127), [64, 128]), (f4((8, 32)), [8, 32])],
    ids=["nvfp4", "fp8", "fp4 in bytes", "f4"],
)
def test_only_values_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tensors: dict[str, Tensor], shape: list[int]
) -> None:
    status, out, err = order(write(tmp_path / "m.safetensors", tensors), capsys)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert [(row["name"], row["shape"]) for row in document["tensors"]] == [(next(iter(tensors)), shape)]
    assert document["skipped"] == [] and document["tensors"][0]["source"]["groups"] == shape[0] * shape[1] // 4


@pytest.mark.parametrize(
    "tensors",
    [nvfp4(0x7F), fp4_in_bytes(0xFF), f4((8, 32), 0xFF), {**FP8, "l.weight_scale_inv": f32(np.full((4, 8), np.nan))}],
    ids=["nvfp4", "fp4 in bytes", "f4", "fp8"],
)
def test_a_scale_of_nan_is_refused_naming_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tensors: dict[str, Tensor]
) -> None:
    path, out = write(tmp_path / "m.safetensors", tensors), tmp_path / "o.safetensors"
    status, _, err = order(path, capsys)
    assert status == 3 and err.count("\n") == 1
    assert all(repr(name) in err for name in list(tensors)[:2]), err
    assert main(["apply", str(path), str(out), *ORDER[:4]]) == 3
    assert all(repr(name) in capsys.readouterr().err for name in list(tensors)[:1]) and not out.exists()


@pytest.mark.parametrize(
    ("tensors", "named"),
    [
        ({**nvfp4(0x38), "l.weight_scale": codes("F8_E4M3", one_byte((64, 5), 0x38))}, ("l.weight", "l.weight_scale")),
        ({k: v for k, v in nvfp4(0x38).items() if k != "l.weight"}, ("l.weight_scale",)),
        ({k: v for k, v in nvfp4(0x38).items() if k != "l.weight_scale"}, ("l.weight", "l.weight_scale_2")),
        ({**FP8, "l.weight_scale_inv": f32(np.ones((8, 4)))}, ("l.weight", "l.weight_scale_inv")),
        ({**fp4_in_bytes(127), "l.scale": codes("F8_E8M0", one_byte((64, 3), 127))}, ("l.weight", "l.scale")),
        ({**f4((8, 32)), "q.weight_scale": codes("F8_E8M0", one_byte((8, 2), 127))}, ("q.weight", "q.weight_scale")),
        ({"l.weight": codes("I8", one_byte((8, 8), 1)), "l.weight_scales": f32(1)}, ("l.weight", "l.weight_scales")),
        ({"l.codes": codes("U8", one_byte((8, 8), 1)), "l.scales": f32(np.ones((8, 1)))}, ("l.codes", "l.scales")),
    ],
)
def test_what_does_not_fit_together_is_refused_naming_both(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tensors: dict[str, Tensor], named: tuple[str, ...]
) -> None:
    status, _, err = order(write(tmp_path / "m.safetensors", tensors), capsys)
    assert status == 3 and err.count("\n") == 1 and all(repr(name) in err for name in named), err


def test_a_container_is_read_in_the_format_that_its_configuration_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder of compressed-tensors whose weights are FP8 codes; and the same stated of a format nobody knows."""
    weights = {"num_bits": 8, "type": "float", "strategy": "tensor", "symmetric": True, "dynamic": False}
    stated = {
        "quant_method": "compressed-tensors",
        "format": "float-quantized",
        "quantization_status": "compressed",
        "ignore": ["lm_head"],
        "config_groups": {"group_0": {"targets": ["Linear"], "weights": weights}},
    }
    raw = random_codes((8, 32))
    tensors = {"m.proj.weight": codes("F8_E4M3", raw), "m.proj.weight_scale": f32([0.25])}
    write(tmp_path / "m.safetensors", tensors, stated)
    status, out, err = order(tmp_path, capsys)
    assert (status, err) == (0, "") and [row["name"] for row in json.loads(out)["tensors"]] == ["m.proj.weight"]
    write(tmp_path / "m.safetensors", tensors, {**stated, "format": "nonesuch-quantized"})
    status, _, err = order(tmp_path, capsys)
    assert status == 3 and "quantization_config" in err and "nonesuch-quantized" in err


def test_codes_that_end_inside_a_byte_and_none_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "m.safetensors", {"q.weight": ("F4", (0, 8), b""), "l.weight": f32(np.ones((4, 8)))})
    assert order(path, capsys)[0] == 0
    header = b'{"q.weight":{"dtype":"F4","shape":[3,5],"data_offsets":[0,8]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    status, _, err = order(path, capsys)
    assert status == 3 and "'q.weight'" in err and "do not fill their last byte" in err


def test_a_source_of_codes_is_compressed_and_verifies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write(tmp_path / "m.safetensors", nvfp4(0x30)), tmp_path / "o.safetensors"
    assert main(["apply", str(path), str(out), *ORDER[:4]]) == 0
    said = capsys.readouterr()
    assert "Quantized in the source and decoded to F32: 1 weights" in said.err and "l.weight_scale_2" in said.err
    assert main(["verify", str(out), "--against", str(path)]) == 0 == main(["verify", str(out)])
    assert main(["inspect", str(out)]) == 0
    assert "l.weight  F32    64×64" in capsys.readouterr().out
