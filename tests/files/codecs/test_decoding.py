"""Quantized weights come as values under their dense names; what does not fit together is refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from sqtheory.exceptions import CheckpointError
from sqtheory.files.checkpoints import open_checkpoint, open_stored
from tests.files.codecs.handmade import Tensor, codes, f32, random_codes, write

RAW = random_codes((192, 320))
SCALES = np.random.default_rng(5).random((2, 3), np.float32) + np.float32(0.5)
PAIR: dict[str, Tensor] = {"l.weight": codes("F8_E4M3", RAW), "l.weight_scale_inv": f32(SCALES)}
PLAIN = {"n.bias": f32(np.arange(3))}


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(path)
    message = str(caught.value)
    assert message.isprintable()
    return message


def test_a_pair_is_one_weight_of_values_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {**PAIR, "l.input_scale": f32(1.5), **PLAIN})
    with open_checkpoint(path) as checkpoint, open_stored(path) as stored:
        assert [info.name for info in checkpoint.tensors] == ["l.weight", "n.bias"]
        weight, bias = checkpoint.tensors
        assert (weight.dtype, weight.shape, weight.quantized) == ("FP8 E4M3 per 128×128", (192, 320), True)
        assert weight.is_float and weight.nbytes == 192 * 320 + 4 * 6 and not bias.quantized
        wanted = stored.read("l.weight") * np.repeat(np.repeat(SCALES, 128, 0)[:192], 128, 1)[:, :320]
        assert checkpoint.read("l.weight").tobytes() == wanted.tobytes()
        assert np.concatenate(list(checkpoint.slabs("l.weight"))).tobytes() == wanted.tobytes()
        assert b"".join(p.tobytes() for p in checkpoint.stored("l.weight")) == wanted.tobytes()
        assert checkpoint.read("n.bias").tolist() == [0, 1, 2]
        with pytest.raises(CheckpointError, match=r"no tensor 'l\.weight_scale_inv'"):
            checkpoint.read("l.weight_scale_inv")


def test_scales_of_activations_are_not_shown_and_what_is_only_called_like_them_is(tmp_path: Path) -> None:
    scales = {f"l.{name}": f32([1.0]) for name in ("k_scale", "v_scale", "input_scale", "activation_scale")}
    learnt = {"l.q_scale": f32(np.ones(64)), "l.layer_scale": f32(np.ones(64))}
    with open_checkpoint(write(tmp_path / "m.safetensors", {**PAIR, **scales, **learnt})) as checkpoint:
        assert {info.name for info in checkpoint.tensors} == {"l.weight", *learnt}
        assert checkpoint.decoding is not None and set(checkpoint.decoding.dropped) == {"l.weight_scale_inv", *scales}
    with open_checkpoint(write(tmp_path / "m.safetensors", {**PLAIN, **scales})) as checkpoint:
        assert {info.name for info in checkpoint.tensors} == {*PLAIN, *scales}


def test_a_plain_checkpoint_is_itself(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "x", "quantization_config": null}')
    path = write(tmp_path / "m.safetensors", {**PLAIN, "w": codes("F8_E4M3", RAW), "ids": codes("U8", RAW)})
    with open_checkpoint(path) as checkpoint, open_stored(path) as stored:
        assert type(checkpoint) is type(stored) and checkpoint.tensors == stored.tensors


def test_halves_of_a_pair_may_lie_in_two_shards(tmp_path: Path) -> None:
    folder = tmp_path / "sharded"
    write(folder / "a.safetensors", {"l.weight": PAIR["l.weight"]})
    write(folder / "b.safetensors", {"l.weight_scale_inv": PAIR["l.weight_scale_inv"], **PLAIN})
    where = {"l.weight": "a.safetensors", "l.weight_scale_inv": "b.safetensors", "n.bias": "b.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": where}))
    whole = write(tmp_path / "m.safetensors", {**PAIR, **PLAIN})
    with open_checkpoint(folder) as sharded, open_checkpoint(whole) as one:
        assert sharded.tensors == one.tensors
        assert sharded.read("l.weight").tobytes() == one.read("l.weight").tobytes()
        assert all(sharded.holds(folder / name) for name in ("a.safetensors", "b.safetensors"))


def test_a_configuration_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", PAIR, {"quant_method": "fp8", "weight_block_size": [128, 128]})
    with open_checkpoint(path) as checkpoint:
        before = checkpoint.signature
        assert checkpoint.holds(tmp_path / "config.json")
        with (tmp_path / "config.json").open("r+") as config:
            config.write("{ ")
        with pytest.raises(CheckpointError, match="changed while it was read"):
            checkpoint.check_unchanged(before)


HALVES: list[tuple[dict[str, Tensor], tuple[str, ...]]] = [
    ({"l.weight": PAIR["l.weight"], "l.weight_scale_inv": f32(np.ones((2, 4)))}, ("l.weight'", "l.weight_scale_inv'")),
    ({**PAIR, "k.weight": codes("F8_E4M3", RAW)}, ("k.weight'", "k.weight_scale_inv'")),
    ({"l.weight_scale_inv": f32(SCALES), **PLAIN}, ("l.weight_scale_inv'", "codes are not there")),
    ({"l.weight": f32(np.ones((4, 4))), "l.weight_scale_inv": f32([[1.0]])}, ("l.weight'", "l.weight_scale_inv'")),
    ({**PAIR, "l.weight_scale": f32(1.0)}, ("l.weight'", "l.weight_scale_inv'", "l.weight_scale'")),
    ({"l.weight": codes("I16", RAW[:, :0]), "l.scales": f32(np.ones((2, 2)))}, ("l.weight'", "l.scales'", "I16")),
    ({"m.qweight": codes("I8", RAW)}, ("m.qweight'", "without their scales")),
    ({"l.qzeros": codes("I8", RAW), **PLAIN}, ("l.qzeros'",)),
]


@pytest.mark.parametrize(("tensors", "named"), HALVES)
def test_what_is_half_a_pair_is_refused_naming_both(
    tmp_path: Path, tensors: dict[str, Tensor], named: tuple[str, ...]
) -> None:
    message = refusal(write(tmp_path / "m.safetensors", tensors))
    assert all(name in message for name in named), message


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_scale_that_is_no_number_is_refused_naming_both(tmp_path: Path, bad: float) -> None:
    scales = SCALES.copy()
    scales[1, 2] = bad
    path = write(tmp_path / "m.safetensors", {**PAIR, "l.weight_scale_inv": f32(scales)})
    with open_checkpoint(path) as checkpoint, pytest.raises(CheckpointError) as caught:
        checkpoint.read("l.weight")
    assert all(name in str(caught.value) for name in ("'l.weight'", "'l.weight_scale_inv'", "m.safetensors"))


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"quant_method": "nonesuch", "format": "float-quantized"}, ("nonesuch", "float-quantized")),
        ({"quant_method": "fp8", "fmt": "e4m3"}, ("fp8", "e4m3", "m.safetensors")),
    ],
)
def test_a_configuration_is_obeyed_or_the_file_refused(
    tmp_path: Path, config: dict[str, str], named: tuple[str, ...]
) -> None:
    message = refusal(write(tmp_path / "m.safetensors", PLAIN, config))
    assert all(name in message for name in named), message


def test_the_boxes_of_a_configuration_are_obeyed(tmp_path: Path) -> None:
    tensors = {"l.weight": codes("F8_E4M3", RAW), "l.weight_scale_inv": f32(np.ones((6, 5)))}
    write(tmp_path / "m.safetensors", tensors, {"quant_method": "fp8", "weight_block_size": [32, 64]})
    with open_checkpoint(tmp_path / "m.safetensors") as checkpoint:
        assert checkpoint.tensors[0].dtype == "FP8 E4M3 per 32×64"
    write(tmp_path / "m.safetensors", tensors, {"quant_method": "fp8", "weight_block_size": [128, 128]})
    assert "l.weight_scale_inv" in refusal(tmp_path / "m.safetensors")
    write(tmp_path / "m.safetensors", tensors, {"quant_method": "fp8", "weight_block_size": [128]})
    assert "weight_block_size" in refusal(tmp_path / "m.safetensors")


def test_a_count_of_blocks_is_no_code(tmp_path: Path) -> None:
    tensors = {**PLAIN, "stage.num_blocks": ("I32", (2,), bytes(8)), "down_blocks": f32(np.ones((4, 4)))}
    with open_checkpoint(write(tmp_path / "m.safetensors", tensors)) as checkpoint:
        assert {info.name: info.dtype for info in checkpoint.tensors} == {n: t[0] for n, t in tensors.items()}


def test_scales_of_another_layout_are_not_taken_for_codes_without_a_scale(tmp_path: Path) -> None:
    tensors = {"l.weight": codes("U8", RAW), "l.weight_scale": codes("F8_E4M3", RAW[:, :2])}
    message = refusal(write(tmp_path / "m.safetensors", tensors, {"quant_method": "fp8"}))
    assert "tensor 'l.weight': U8 codes with 'l.weight_scale'" in message


@pytest.mark.parametrize(
    ("code", "scale", "shape"),
    [
        ("l.B", "l.s", (4, 32)),
        ("l.weight", "l.weights_scaling_factor", (4, 32)),
        ("l.weight", "l.w_scale", ()),
        ("l.int_data", "l.scales_and_zeros", (4, 32, 2)),
    ],
)
def test_scales_of_layouts_without_a_name_are_no_weights(
    tmp_path: Path, code: str, scale: str, shape: tuple[int, ...]
) -> None:
    tensors = {**PLAIN, code: codes("I8", RAW), scale: f32(np.ones(shape))}
    message = refusal(write(tmp_path / "m.safetensors", tensors))
    assert f"'{code}'" in message and f"'{scale}'" in message


def test_a_scale_beside_indices_is_none_of_codes(tmp_path: Path) -> None:
    index = {"a.relative_position_index": ("I32", (4, 4), bytes(64)), "a.logit_scale": f32(np.ones((4, 1, 1)))}
    with open_checkpoint(write(tmp_path / "m.safetensors", {**PLAIN, **index})) as checkpoint:
        assert {info.name for info in checkpoint.tensors} == {*PLAIN, *index}
