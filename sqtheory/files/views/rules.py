"""As which matrices the layers of known architectures use their weights: kernels, transposed matrices, experts."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import final

from sqtheory.files.checkpoints.tensors import TensorInfo
from sqtheory.files.views.architecture import Architecture
from sqtheory.files.views.view import View

Infos = Mapping[str, TensorInfo]
Views = Iterator[tuple[str, View]]


class Rule(ABC):
    """Which weights some kind of layer has, and along which axes it sums over them."""

    @abstractmethod
    def views(self, infos: Infos, architecture: Architecture) -> Views:
        """The views of those tensors of a checkpoint that the rule speaks of."""


@final
class Convolutions(Rule):
    """Kernels [out, in, k…]: floats of 4 or 5 axes called weight, or of 3 to 5 with "conv" in the name.

    A transposed convolution, by its name, has [in, out, k…]; what Flax and Keras call ``kernel`` is [k…, in, out].
    """

    NAMED = re.compile(r"(^|[./])(weight|weight_v|original1|filters?)$")
    CALLED = re.compile(r"conv", re.IGNORECASE)
    TRANSPOSED = re.compile(r"deconv|conv\w*transpose|transposed?_?conv|conv_?tr(\W|$)", re.IGNORECASE)
    KERNEL = re.compile(r"(^|[./])kernel(:0)?$")

    def views(self, infos: Infos, architecture: Architecture) -> Views:
        for name, info in infos.items():
            axes = len(info.shape)
            called = 3 <= axes <= 5 and self.CALLED.search(name) is not None
            if not (called or axes in (4, 5)) or not info.is_float:
                continue
            if self.KERNEL.search(name):
                yield name, _channels_last(axes)
            elif called or self.NAMED.search(name):
                yield name, View.convolution(axes, transposed=self.TRANSPOSED.search(name) is not None)


@final
class TransposedLinears(Rule):
    """Matrices [in, out]: the ``Conv1D`` of GPT-2 and its kin.

    Known by ``model_type``; without a configuration by a ``c_attn`` of three times as many columns as rows.
    Decoded weights too have the axes of a dense checkpoint.
    """

    KINDS = frozenset({"gpt2", "openai-gpt", "imagegpt", "decision_transformer", "clvp", "clvp_decoder"})
    """Those that transformers 5.24 builds of ``Conv1D``."""
    NAMED = re.compile(r"(^|\.)(c_attn|c_proj|c_fc|q_attn)\.weight$")
    VIEW = View((0,), names=("in", "out"))

    def views(self, infos: Infos, architecture: Architecture) -> Views:
        plain = {name: info for name, info in infos.items() if len(info.shape) == 2}
        found = {name: info for name, info in plain.items() if self.NAMED.search(name)}
        if architecture.is_known:
            transposed = bool(architecture.kinds & self.KINDS)
        else:
            shapes = {info.shape for name, info in found.items() if "c_attn" in name}
            transposed = bool(shapes) and all(shape[1] == 3 * shape[0] for shape in shapes)
        for name in found if transposed else ():
            yield name, self.VIEW


@final
class Experts(Rule):
    """Experts in one tensor, [E, out, in] or [E, in, out], as E matrices [out, in].

    Which, the hidden width of the configuration says, else the shapes of both projections, else the kind of the
    model: transformers 5.24 has [E, in, out] in a few, [E, out, in] in all others. Where nothing says it, the last axis
    is reduced, and the names of the axes have a question mark.
    """

    UP = r"gate_up_proj|gate_and_up_projs|gate_proj|up_proj|gate|up|w1|w3|w13|w13_weight|wi|wi_0|wi_1|input_linear"
    DOWN = r"down_proj|down_projs|down|w2|w2_weight|wo|output_linear"
    NAMED = re.compile(rf"^(.*\b(?:experts|switch_mlp|block_sparse_moe|moe)\.)(?:({UP})|({DOWN}))(\.weight)?$")
    STACKED = re.compile(r"(_exps\.weight|\bswitch_mlp\.\w+\.weight|put_linear\.weight|\bmlp\.mlp[12]_weight)$")
    """Names under which only [E, out, in] is stored: by llama.cpp, MLX, Granite, the release of gpt-oss."""
    FUSED = ("gate_up_proj", "gate_and_up_projs", "w13", "w13_weight", "input_linear")
    """Two projections of the same input in one: twice as wide as the input of the other."""
    INPUTS_FIRST = frozenset({"aria", "aria_text", "gpt_oss", "llama4", "llama4_text", "openai_privacy_filter"}) | {
        "qwen3_vl_moe",  # as it was released; transformers turns it about while it loads
        "qwen3_vl_moe_text",
    }

    def views(self, infos: Infos, architecture: Architecture) -> Views:
        stacks = {name: info.shape for name, info in infos.items() if info.is_float and len(info.shape) == 3}
        for name, shape in stacks.items():
            if self.STACKED.search(name):
                yield name, View.experts(inputs=2)
            elif (match := self.NAMED.match(name)) is not None:
                prefix, up, _, suffix = match.groups()
                inputs = (
                    _by_width(shape, up is not None, architecture.widths)
                    or self._by_pair(prefix, suffix or "", stacks)
                    or self._by_kind(architecture)
                )
                yield name, View.experts(inputs=inputs) if inputs else View((2,), (0,), ("expert", "out?", "in?"))

    def _by_pair(self, prefix: str, suffix: str, stacks: Mapping[str, tuple[int, ...]]) -> int | None:
        """The axis of the inputs where the shapes of a fused projection and of the one after it fit in one way."""
        ups = [stacks[f"{prefix}{name}{suffix}"] for name in self.FUSED if f"{prefix}{name}{suffix}" in stacks]
        downs = [stacks[key] for name in self.DOWN.split("|") if (key := f"{prefix}{name}{suffix}") in stacks]
        if len(ups) != 1 or len(downs) != 1:
            return None
        (_, a, b), (_, c, d) = ups[0], downs[0]
        last, first = (a, b) == (2 * d, c), (a, b) == (d, 2 * c)
        return None if last == first else 2 if last else 1

    def _by_kind(self, architecture: Architecture) -> int | None:
        first = bool(architecture.kinds & self.INPUTS_FIRST)
        return (1 if first else 2) if architecture.is_known else None


@final
class ExpertsInARow(Rule):
    """The second projection of all experts of DBRX, [E·in, out] in one matrix: summed over axis 0, expert by expert."""

    NAMED = re.compile(r"(^|\.)ffn\.experts\.mlp\.w2$")

    def views(self, infos: Infos, architecture: Architecture) -> Views:
        for name, info in infos.items():
            if len(info.shape) == 2 and not info.quantized and self.NAMED.search(name):
                yield name, View((0,), names=("expert·in", "out"))


RULES: tuple[Rule, ...] = (Convolutions(), TransposedLinears(), Experts(), ExpertsInARow())
"""All of them; no tensor is spoken of by two."""


def _channels_last(axes: int) -> View:
    """A kernel [k…, in, out] as [out, k…·in]."""
    names = View.convolution(axes).names[2:]
    return View(tuple(range(axes - 1)), names=(*names, "in", "out"))


def _by_width(shape: tuple[int, ...], up: bool, widths: frozenset[int]) -> int | None:
    """The axis of the inputs where just one of the two is as long as a hidden state, which one side is."""
    _, a, b = shape
    if (a in widths) == (b in widths):
        return None
    return 2 if (b in widths) == up else 1
