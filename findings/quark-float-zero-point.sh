#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.13.0 transformers==5.17.0 amd-quark==0.13
# Guess: A 4-bit weight with a zero point in float32 is s (c - z) for integers c of 0 ... 15, as one with an integer z is.
# What happens: z is added after rounding and before the cut to 0 ... 15, so that the codes c of what is emulated are
# integers plus the fraction of z, which no four bits hold, and the least entry of a group is cut to a part of a step.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> int32   z = 7.0000: values -1.0267 -0.4400 0.2933 1.1733, codes 0.0000 4.0000 9.0000 15.0000
#> float32 z = 6.8182: values -1.0000 -0.4400 0.2933 1.1733, codes 0.0000 3.8182 8.8182 14.8182
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.13.0 transformers==5.17.0 amd-quark==0.13 setuptools
cd "$tmp"
"$tmp/venv/bin/python" - 2>"$tmp/log" <<'END' | grep codes | tee "$tmp/seen"
from dataclasses import replace
import torch
from quark.torch.quantization import Uint4PerGroupSpec
from quark.torch.quantization.config.type import ZeroPointType
from quark.torch.quantization.tensor_quantize import FakeQuantizeBase
weight = torch.tensor([[-1.0, -0.5, 0.25, 1.2] + [0.1] * 28])
spec = Uint4PerGroupSpec(ch_axis=-1, group_size=32, symmetric=False, is_dynamic=False).to_quantization_spec()
for kind in (ZeroPointType.int32, ZeroPointType.float32):
    quantizer = FakeQuantizeBase.get_fake_quantize(replace(spec, zero_point_type=kind))
    values, step, zero = quantizer(weight)[0, :4], quantizer.scale.item(), quantizer.zero_point.item()
    codes = [v / step + zero for v in values.tolist()]
    print(f"{kind.value:7} z = {zero:.4f}: values", *(f"{v:.4f}" for v in values.tolist()), end=", codes ")
    print(*(f"{abs(c):.4f}" for c in codes))
END
diff "$tmp/expected" "$tmp/seen"
