#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.13.0 setuptools==84.2.1 ninja==1.13.2 qtorch==0.3.0 (it builds its C++ when imported)
# Guess: rounding="nearest" breaks ties by one rule in the three functions of the package.
# What happens: fixed_point_quantize rounds half to even, float_quantize half away from zero, block_quantize half up.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> inputs:               -2.5 2.5 7.0
#> fixed_point_quantize: -2.0 2.0 7.0
#> block_quantize:       -2.0 3.0 7.0
#> float_quantize:       -3.0 3.0 8.0
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.13.0 setuptools==84.2.1 ninja==1.13.2
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps qtorch==0.3.0
cd "$tmp"
PATH="$tmp/venv/bin:$PATH" TORCH_EXTENSIONS_DIR="$tmp/built" "$tmp/venv/bin/python" - 2>"$tmp/log" <<'END' | tee "$tmp/seen"
import torch
from qtorch.quant import block_quantize, fixed_point_quantize, float_quantize
x = torch.tensor([-2.5, 2.5, 7])
print("inputs:              ", *x.tolist())
print("fixed_point_quantize:", *fixed_point_quantize(x, wl=4, fl=0, rounding="nearest").tolist())
print("block_quantize:      ", *block_quantize(x[None], wl=4, dim=0, rounding="nearest")[0].tolist())
print("float_quantize:      ", *float_quantize(x, exp=5, man=1, rounding="nearest").tolist())
END
diff "$tmp/expected" "$tmp/seen"
