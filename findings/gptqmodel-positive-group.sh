#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.14.1 gptqmodel==7.7.0
# Guess: Symmetric 4-bit weights err by a few per cent whatever their sign: the codes reach the largest magnitude.
# What happens: The step of a group without a negative entry is max/15 while the codes stay -8 ... 7, so that all above
# 7/15 of the maximum becomes that; one negative entry, or all of them, and the group is read to within a step.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> 0.01 to 1:               read 0.00 to 0.47, error 39.2%
#> -1 to -0.01:             read -0.93 to 0.00, error 6.7%
#> 0.01 to 1 and one -0.01: read 0.00 to 0.93, error 6.7%
#> 0.01 to 1, sym=False:    read 0.00 to 1.00, error 3.3%
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.14.1 setuptools wheel
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-build-isolation numpy==2.4.6 torch==2.14.1 gptqmodel==7.7.0
cd "$tmp"
"$tmp/venv/bin/python" - 2>"$tmp/log" <<'END' | grep error | tee "$tmp/seen"
import torch
from gptqmodel.quantization.config import RTNConfig
from gptqmodel.quantization.rtn import RTN
def read(weight, symmetric):
    layer = torch.nn.Linear(128, 1, bias=False)
    layer.weight = torch.nn.Parameter(weight, requires_grad=False)
    return RTN(layer, RTNConfig(bits=4, group_size=128, sym=symmetric)).quantize()[0]
weight = torch.linspace(0.01, 1, 128)[None]
cases = {"0.01 to 1": weight, "-1 to -0.01": -weight, "0.01 to 1 and one -0.01": weight.where(weight < 1, -0.01), "0.01 to 1, sym=False": weight}
for name, x in cases.items():
    y = read(x, "False" not in name)
    print(f"{name + ':':24} read {y.min():.2f} to {y.max():.2f}, error {100 * torch.linalg.norm(x - y) / torch.linalg.norm(x):.1f}%")
END
diff "$tmp/expected" "$tmp/seen"
