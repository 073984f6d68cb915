"""What a tensor of two or more axes is that is no weight of a linear map, told by the names that models give it."""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType


def _parts(words: str, *, last: bool = False) -> str:
    """A pattern of names that have one of some words as a part, between dots, slashes or colons; or as their last."""
    return rf"(^|[./:])({words})({'(:[0-9]+)?$' if last else '[./:]|$'})"


_PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "buffer": _parts(
            r"(running|moving)_(mean|var|variance)|num_batches_tracked|(position|token_type)_ids|anchors|anchor_grid",
            last=True,
        ),
        "rotary positions": _parts(r"rotary\w*|rope_(freqs|factors\w*|cache\w*)|\w*inv_freqs?|freqs(_cis\w*)?")
        + "|"
        + _parts(r"(cos|sin|cos_sin)_cached?", last=True),
        "relative positions": _parts(
            r"\w*relative_(attention_bias|position\w*|bias\w*|coords\w*)|rel_attn_bias|emb_rel_\w+|attention_biases|alibi\w*"
        )
        + "|"
        + _parts(r"rel_pos(_\w+)?", last=True),
        "position table": _parts(r"pe|pos(itional)?_?enc(oding)?\w*|sinusoid\w*", last=True)
        + "|"
        + _parts("position_encodings"),
        "signal basis": _parts(
            r"i?stft\w*|(log_?)?mel_?spec\w*|(log)?mel_extractor|spectrogram(_extractor)?|mel_scale|cqt\w*|mfcc"
        )
        + "|"
        + _parts(
            r"\w*(forward|inverse)_basis\w*|\w*mel_?(basis|filters?|fb|filter_?banks?|weight_matrix)|melW|fb|dct_mat"
            r"|filter_?banks?|\w*window|wsin|wcos|\w*lowpass_filter",
            last=True,
        ),
        "embedding": _parts(r"\w*embed\w*|\w+_embd|(\w+_)?emb|wte|wpe|pos|cls|patch\w*")
        + r"|^(\w+\.)?shared\.weight$|"
        + _parts(r"(\w+_)?tokens?(\.weight)?|latents", last=True),
        "head": _parts("lm_head|head|classifier|score") + r"|^output\.weight$|(^|\.)output_layer\.weight$",
        "normalization": _parts(r"\w*[nN]orm\w*|ln_\w+|ln[0-9]*|[bg]n[0-9]*"),
        "attention mask": _parts(
            r"(attn|attention)\.bias|masked_bias|(\w*_)?(attn_|attention_|causal_)?mask|tri[lu]", last=True
        ),
        "bias": _parts(r"(\w+_)?bias(es)?(_\w+)?", last=True),
        "layer scale": _parts(r"gamma(_?[0-9]+)?|layer_?scale\w*|lambda_?[0-9]+|\w*scale_shift_table", last=True),
        "scale": _parts(r"(\w*_)?(scales?|scaling_factors?|amax|absmax|zero_points?|scale_inv)", last=True),
        "codebook": _parts(r"(\w+_)?(codebooks?|codevectors)") + "|" + _parts("cluster_size", last=True),
        "state-space parameter": _parts(r"A_log|time_(decay|first|faaaa|mix_\w+|maa_[a-z])", last=True),
    }
)
"""What it is → the pattern of its name, the first that is found."""


def role_of(name: str) -> str | None:
    """What a tensor of this name is, where that is no weight of a linear map; None where the name says no such thing.

    A router is a weight, and so are the projections of positions and the linear maps of low rank.
    """
    return next((role for role, pattern in _roles() if pattern.search(name)), None)


@cache
def _roles() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Compiled when the first name is asked about."""
    return tuple((role, re.compile(pattern)) for role, pattern in _PATTERNS.items())
