#!/usr/bin/env bash
# Packages: numpy==2.4.6 setuptools==84.2.1 torch==2.13.0 fouroversix==1.0.5
# Guess: NVFP4 saturates: the largest entry of a block becomes the largest level, or is near it.
# What happens: in fouroversix's PyTorch backend what is beyond 7 block scales is rounded to 8, which has no code, and is
# packed as the code of -0. The largest entry of a block becomes 0 while smaller ones stay. It takes a block scale (E4M3)
# that is rounded down by more than 1/7, one below 2^-6, as of a block 10^5 times smaller than the largest entry.
# Seen on 30 November 2026, Python 3.11, CPU (the lines after > are compared):
#> x         6.10e-06   3.05e-06  -1.53e-06
#> static_6 -0.00e+00   2.91e-06  -1.45e-06
#> x         5.00e-06   2.50e-06  -1.25e-06
#> static_6  4.36e-06   2.18e-06  -1.09e-06
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 setuptools==84.2.1 torch==2.13.0
SKIP_CUDA_BUILD=1 "$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps --no-build-isolation fouroversix==1.0.5
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import importlib.util, sys
from types import ModuleType
import torch
package = ModuleType("fouroversix")  # its own __init__ loads models, which need transformers
package.__path__ = list(importlib.util.find_spec("fouroversix").submodule_search_locations)
sys.modules["fouroversix"] = package
from fouroversix.quantize.config import QuantizationConfig
from fouroversix.quantize.pytorch import PyTorchQuantizeBackend as backend
def show(name, values):
    print(f"{name:<8}", "  ".join(f"{v:9.2e}" for v in values.tolist()))
for top in (1.6 * 2.0**-18, 5e-6):
    x = torch.zeros(128, 64)
    x[0, 0], x[1, :3] = 1, top * torch.tensor([1, 0.5, -0.25])
    made = backend.quantize_to_fp4(x, QuantizationConfig(dtype="nvfp4", scale_rule="static_6"))
    show("x", x[1, :3])
    show("static_6", backend.dequantize(made, torch.float32, intermediate_dtype=torch.float32)[1, :3])
END
diff "$tmp/expected" "$tmp/seen"
