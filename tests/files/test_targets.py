import pytest

from sqtheory.exceptions import InputRefused
from sqtheory.files.checkpoints import TensorInfo, open_checkpoint
from sqtheory.files.targets import Targets


def tensor(name: str, shape: tuple[int, ...] = (8, 8), dtype: str = "F16") -> TensorInfo:
    return TensorInfo(name, dtype, shape, 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("model.layers.0.self_attn.q_proj.weight", None),
        ("layers.3.mlp.down_proj.weight", None),
        ("blocks.0.fc1.weight", None),
        ("w", None),
        ("model.embed_tokens.weight", "embedding"),
        ("transformer.wte.weight", "embedding"),
        ("patch.weight", "embedding"),
        ("lm_head.weight", "head"),
        ("token_embd.weight", "embedding"),
        ("output.weight", "head"),
        ("encoder.layer.0.output.dense.weight", None),
        ("head.weight", "head"),
        ("model.layers.0.input_layernorm.weight", "normalization"),
        ("h.0.ln_1.weight", "normalization"),
    ],
)
def test_linears_are_targets_and_the_rest_is_left_alone(name: str, reason: str | None) -> None:
    assert Targets().reason_to_skip(tensor(name)) == reason


def test_vectors_and_integers_are_left_alone() -> None:
    assert Targets().reason_to_skip(tensor("bias", (8,))) == "fewer than two axes"
    assert Targets().reason_to_skip(tensor("ids", (8, 8), "I64")) == "dtype I64"
    assert Targets(("ids",)).reason_to_skip(tensor("ids", (8, 8), "I64")) is None


def test_naming_a_tensor_overrides_the_defaults_and_ignore_overrides_all() -> None:
    assert Targets(("lm_head.weight",)).reason_to_skip(tensor("lm_head.weight")) is None
    assert Targets(("re:.*bias",)).reason_to_skip(tensor("fc1.bias", (8,))) is None
    assert Targets(("fc1",)).reason_to_skip(tensor("fc1.weight")) == "not a target"
    assert Targets(("re:fc.*",), ("fc1.weight",)).reason_to_skip(tensor("fc1.weight")) == "ignored"


def test_nothing_left_is_refused_with_the_reasons() -> None:
    with pytest.raises(InputRefused, match="embedding, head"):
        Targets().split([tensor("lm_head.weight"), tensor("wte.weight")])
    with pytest.raises(InputRefused, match="no tensor"):
        Targets().split([])


@pytest.mark.parametrize(("model", "linears"), [("lm-dense", 42), ("vit-dense", 24)])
def test_the_zoo_has_its_linears(model: str, linears: int) -> None:
    with open_checkpoint(f"zoo:{model}") as checkpoint:
        taken, skipped = Targets().split(checkpoint.tensors)
    assert len(taken) == linears and len(taken) + len(skipped) == len(checkpoint.tensors)
