#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.13.0 neural-compressor-pt==3.10
# Guess: The type fp4_e2m1 has the magnitudes of E2M1: 0, 0.5, 1, 1.5, 2, 3, 4 and 6.
# What happens: The least magnitude is 0.0625 instead of 0.5: the weight 0.5, at a scale of 1, becomes 0.0625; so does
# 0.04, which is 0 in E2M1. The others are exact.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> weights: 6 4 3 2 1.5 1 0.5 0 -6 -4 -3 -2 -1.5 -1 -0.5 0.04
#> read:    6 4 3 2 1.5 1 0.0625 0 -6 -4 -3 -2 -1.5 -1 -0.0625 0.0625
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.13.0 neural-compressor-pt==3.10
cd "$tmp"
"$tmp/venv/bin/python" - 2>"$tmp/log" <<'END' | tee "$tmp/seen"
import torch
from neural_compressor.torch.algorithms.weight_only.utility import quant_tensor
weight = torch.tensor([[6.0, 4, 3, 2, 1.5, 1, 0.5, 0, -6, -4, -3, -2, -1.5, -1, -0.5, 0.04]])
read = quant_tensor(weight.clone(), bits=4, group_size=16, dtype="fp4_e2m1")
print("weights:", *(f"{v:g}" for v in weight[0].tolist()))
print("read:   ", *(f"{v:g}" for v in read[0].tolist()))
END
diff "$tmp/expected" "$tmp/seen"
