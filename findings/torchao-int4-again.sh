#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.13.0 torchao==0.18.0
# Guess: Symmetric INT4 returns what it has made: quantizing a quantized weight again changes nothing.
# What happens: The step is 2/15 of the maximum, of which no multiple in -8 ... 7 is the maximum: 1 becomes 14/15 and -1
# may become -16/15, and each further quantization shrinks or shifts the row again. SYMMETRIC_NO_CLIPPING_ERR is stable.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> SYMMETRIC [1, 0.5]: 0.933 0.533, 0.871 0.498, 0.813 0.465, 0.759 0.434
#> SYMMETRIC [7, -7]: 6.533 -7.467, 6.969 -7.964, 7.433 -7.433, 6.938 -7.929
#> SYMMETRIC_NO_CLIPPING_ERR [1, 0.5]: 1.000 0.429, 1.000 0.429, 1.000 0.429, 1.000 0.429
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.13.0 torchao==0.18.0
cd "$tmp"
"$tmp/venv/bin/python" - 2>"$tmp/log" <<'END' | tee "$tmp/seen"
import torch
from torchao.quantization import IntxWeightOnlyConfig, MappingType, PerGroup, quantize_
def again(weight, rule):
    layer = torch.nn.Linear(32, 1, bias=False)
    layer.weight = torch.nn.Parameter(weight, requires_grad=False)
    quantize_(layer, IntxWeightOnlyConfig(torch.int4, PerGroup(32), rule))
    return layer.weight.dequantize()
for rule, pair in ((MappingType.SYMMETRIC, [1, 0.5]), (MappingType.SYMMETRIC, [7, -7]), (MappingType.SYMMETRIC_NO_CLIPPING_ERR, [1, 0.5])):
    weight, seen = torch.tensor(pair, dtype=torch.float32).repeat(16)[None], []
    for _ in range(4):
        weight = again(weight, rule)
        seen.append(" ".join(f"{v:.3f}" for v in weight[0, :2].tolist()))
    print(f"{rule.name} {pair}:", ", ".join(seen))
END
diff "$tmp/expected" "$tmp/seen"
