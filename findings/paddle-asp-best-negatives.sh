#!/usr/bin/env bash
# Packages: numpy==2.4.6 paddlepaddle==3.3.1
# Guess: mask_2d_best keeps at least as much magnitude as mask_2d_greedy, as its description says (maximum L1 norm), and
# the signs of the weights change no mask.
# What happens: It maximizes the sum of the signed weights: of a block with large negative weights it keeps the smallest
# magnitudes. mask_1d and mask_2d_greedy go by magnitude.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> sum of magnitudes 78, of which each keeps in 2:4:
#> mask_1d         66, all weights positive 66
#> mask_2d_greedy  66, all weights positive 66
#> mask_2d_best    12, all weights positive 66
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 paddlepaddle==3.3.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
from paddle.incubate.asp.utils import MaskAlgo, create_mask
weight = np.array([[-9, -8, 1, 2], [-7, -9, 2, 1], [1, 2, -8, -9], [2, 1, -9, -7]], np.float32)
size = np.abs(weight)
print(f"sum of magnitudes {size.sum():.0f}, of which each keeps in 2:4:")
for name in ("mask_1d", "mask_2d_greedy", "mask_2d_best"):
    signed, positive = ((size * create_mask(w, MaskAlgo[name.upper()], 2, 4)).sum() for w in (weight, size))
    print(f"{name:<15} {signed:.0f}, all weights positive {positive:.0f}")
END
diff "$tmp/expected" "$tmp/seen"
