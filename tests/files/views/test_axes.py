import json
from pathlib import Path

import pytest

from sqtheory.exceptions import CheckpointError, InputRefused
from sqtheory.files.checkpoints import open_checkpoint
from sqtheory.files.checkpoints.tensors import TensorInfo
from sqtheory.files.views.architecture import Architecture
from sqtheory.files.views.axes import Axes
from sqtheory.files.views.rules import TransposedLinears
from sqtheory.files.views.view import View
from tests.files.views.checkpoints import Shapes, save

GPT2 = {"h.attn.c_attn.weight": (32, 96), "h.attn.c_proj.weight": (32, 32), "h.mlp.c_fc.weight": (32, 128)}
STARCODER = {"h.attn.c_attn.weight": (96, 32), "h.attn.c_proj.weight": (32, 32)}
UNDECIDED = {"m.experts.gate_up_proj": (4, 64, 96), "m.experts.down_proj": (4, 96, 64)}


def seen(path: Path, *said: str) -> dict[str, str]:
    """The views of all tensors, in words."""
    with open_checkpoint(path) as checkpoint:
        views = Axes.parse(said).views(checkpoint, checkpoint.tensors)
        return {name: f"{view}: {view.text(checkpoint.info(name).shape)}" for name, view in views.items()}


@pytest.mark.parametrize(
    ("shapes", "config", "views"),
    [
        ({"l.weight": (4, 8), "b.bias": (4,), "pos": (1, 5, 8), "x": (2, 3, 4)}, None, {}),
        ({"stem.weight": (16, 3, 7, 7)}, None, {"stem.weight": "2+3+1: axis 1 as [out, kh·kw·in] 16×147"}),
        ({"a.conv1d.weight": (16, 1, 4)}, None, {"a.conv1d.weight": "2+1: axis 1 as [out, k·in] 16×4"}),
        ({"a.weight": (16, 2, 4)}, None, {}),
        ({"a.weight": (8, 4, 2, 3, 3)}, None, {"a.weight": "2+3+4+1: axis 1 as [out, kd·kh·kw·in] 8×72"}),
        ({"up.deconv.weight": (6, 4, 3, 3)}, None, {"up.deconv.weight": "2+3+0: axis 0 as [out, kh·kw·in] 4×54"}),
        ({"a/Conv_0/kernel": (3, 3, 8, 16)}, None, {"a/Conv_0/kernel": "0+1+2: axis 2 as [out, kh·kw·in] 16×72"}),
        ({"mask": (1, 1, 8, 8)}, None, {}),
        (
            GPT2,
            None,
            {
                "h.attn.c_attn.weight": "0: axis 0 as [out, in] 96×32",
                "h.attn.c_proj.weight": "0: axis 0 as [out, in] 32×32",
                "h.mlp.c_fc.weight": "0: axis 0 as [out, in] 128×32",
            },
        ),
        (STARCODER, None, {}),
        (GPT2, {"model_type": "gpt_bigcode"}, {}),
        (
            {"h.mlp.c_proj.weight": (32, 32)},
            {"model_type": "gpt2"},
            {"h.mlp.c_proj.weight": "0: axis 0 as [out, in] 32×32"},
        ),
        (
            {"m.experts.gate_up_proj": (4, 64, 96), "m.experts.down_proj": (4, 48, 64)},
            None,
            {
                "m.experts.gate_up_proj": "0/1: axis 1 as [expert, out, in] 4×96×64",
                "m.experts.down_proj": "0/1: axis 1 as [expert, out, in] 4×64×48",
            },
        ),
        (
            {"m.experts.gate_up_proj": (4, 96, 64), "m.experts.down_proj": (4, 64, 48)},
            None,
            {
                "m.experts.gate_up_proj": "0/2: axis 2 as [expert, out, in] 4×96×64",
                "m.experts.down_proj": "0/2: axis 2 as [expert, out, in] 4×64×48",
            },
        ),
        (
            UNDECIDED,
            None,
            {
                "m.experts.gate_up_proj": "0/2: axis 2 as [expert, out?, in?] 4×64×96",
                "m.experts.down_proj": "0/2: axis 2 as [expert, out?, in?] 4×96×64",
            },
        ),
        (
            UNDECIDED,
            {"model_type": "gpt_oss"},
            {
                "m.experts.gate_up_proj": "0/1: axis 1 as [expert, out, in] 4×96×64",
                "m.experts.down_proj": "0/1: axis 1 as [expert, out, in] 4×64×96",
            },
        ),
        (
            UNDECIDED,
            {"model_type": "mixtral", "text_config": {"hidden_size": 96}},
            {
                "m.experts.gate_up_proj": "0/2: axis 2 as [expert, out, in] 4×64×96",
                "m.experts.down_proj": "0/2: axis 2 as [expert, out, in] 4×96×64",
            },
        ),
        (
            {"m.experts.gate_up_proj": (4, 128, 64), "m.experts.down_proj": (4, 64, 64)},
            {"model_type": "gpt_oss", "hidden_size": 64},
            {
                "m.experts.gate_up_proj": "0/2: axis 2 as [expert, out, in] 4×128×64",
                "m.experts.down_proj": "0/2: axis 2 as [expert, out, in] 4×64×64",
            },
        ),
        (
            {"m.experts.down_proj": (4, 64, 64)},
            {"model_type": "x", "text_config": {"model_type": "llama4_text", "hidden_size": 64}},
            {"m.experts.down_proj": "0/1: axis 1 as [expert, out, in] 4×64×64"},
        ),
        (
            {"b.ffn.experts.mlp.w1": (32, 12), "b.ffn.experts.mlp.w2": (32, 12)},
            {"model_type": "dbrx"},
            {"b.ffn.experts.mlp.w2": "0: axis 0 as [out, expert·in] 12×32"},
        ),
        (
            {"block.0.mlp.mlp1_weight": (4, 8, 6)},
            None,
            {"block.0.mlp.mlp1_weight": "0/2: axis 2 as [expert, out, in] 4×8×6"},
        ),
        (
            {"b.switch_mlp.up_proj.weight": (4, 8, 6)},
            None,
            {"b.switch_mlp.up_proj.weight": "0/2: axis 2 as [expert, out, in] 4×8×6"},
        ),
    ],
)
def test_what_is_known_of_layers(
    tmp_path: Path, shapes: Shapes, config: dict[str, object] | None, views: dict[str, str]
) -> None:
    assert seen(save(tmp_path, shapes, config)) == views


@pytest.mark.parametrize("text", ["", "[1]", "nonsense", '{"model_type": 3, "hidden_size": "64"}', "[" * 100000])
def test_a_configuration_that_says_nothing_of_the_model_is_none(tmp_path: Path, text: str) -> None:
    path = save(tmp_path, GPT2)
    (tmp_path / "config.json").write_text(text)
    assert len(seen(path)) == 3


def test_what_the_user_says_comes_first(tmp_path: Path) -> None:
    path = save(tmp_path, {"conv.weight": (16, 8, 3, 3), "l.weight": (8, 4), "m.experts.down_proj": (4, 6, 8)})
    assert seen(path, "conv.weight=0", "l.weight=0", "re:.*experts.*=1") == {
        "conv.weight": "2+3+0: axis 0 as [out, kh·kw·in] 8×144",
        "l.weight": "0: axis 0 as 4×8",
        "m.experts.down_proj": "0/1: axis 1 as [expert, out, in] 4×8×6",
    }
    assert seen(path, "1", "conv.weight=3", "m.experts.down_proj=-1") == {
        "conv.weight": "3: axis 3 as 384×3",
        "m.experts.down_proj": "0/2: axis 2 as [expert, out, in] 4×6×8",
    }
    assert seen(path, "conv.weight=0+2")["conv.weight"] == "0+2: axis 2 as 24×48"


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (["3"], r"tensor 'l.weight': --axis 3: axis 3 does not exist in a tensor of shape \(8, 4\)"),
        (["l.weight=2"], r"tensor 'l.weight': --axis l.weight=2: axis 2 does not exist in a tensor of shape \(8, 4\)"),
    ],
)
def test_an_axis_that_is_not_there_is_refused(tmp_path: Path, said: list[str], refusal: str) -> None:
    path = save(tmp_path, {"l.weight": (8, 4)})
    with pytest.raises(CheckpointError, match=refusal):
        seen(path, *said)


def test_a_name_that_no_tensor_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match=r"no tensor is called 'k\.weight'"):
        seen(save(tmp_path, {"l.weight": (8, 4)}), "k.weight=0")


@pytest.mark.parametrize("said", [["x"], ["l.weight="], ["re:(=1"], ["-2"], ["1", "0"]])
def test_what_is_no_axis_is_refused(said: list[str]) -> None:
    with pytest.raises(ValueError, match=r"axes are numbers|not a regular expression|more than one axis|a view red"):
        Axes.parse(said)


def test_kinds_of_a_large_configuration_are_not_read(tmp_path: Path) -> None:
    path = save(tmp_path, {"h.mlp.c_proj.weight": (4, 4)}, {"model_type": "gpt2", "pad": "x" * (1 << 24)})
    assert json.loads((tmp_path / "config.json").read_text())["model_type"] == "gpt2"
    assert seen(path) == {}


def test_decoded_matrices_of_gpt2_are_turned_about_like_dense_ones() -> None:
    infos = {
        name: TensorInfo(name, "GPTQ 4-bit", shape, 0, quantized=True)
        for name, shape in {"h.attn.c_attn.weight": (32, 96), "h.mlp.c_fc.weight": (96, 32)}.items()
    }
    view = View((0,), names=("in", "out"))
    assert dict(TransposedLinears().views(infos, Architecture(frozenset({"gpt2"})))) == dict.fromkeys(infos, view)
    assert dict(TransposedLinears().views(infos, Architecture())) == dict.fromkeys(infos, view)
