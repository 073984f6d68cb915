#!/usr/bin/env bash
# Packages: numpy==2.4.0 mlx[cpu]==0.32.4
# Guess: dequantize gives scale * code + bias, rounded to float16 once.
# What happens: on the CPU the product is rounded, then the sum: of normal weights in 4 bits nearly half of the
# values are others.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> entries that are not q*s + b rounded once: 1851 of 4096
#> entries that are not rounded after the product and after the sum: 0
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 'mlx[cpu]==0.32.4'
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import mlx.core as mx, numpy as np
w = mx.random.normal((64, 64), key=mx.random.key(0)).astype(mx.float16)
codes, s, b = mx.quantize(w, group_size=64, bits=4)
y = np.array(mx.dequantize(codes, s, b, group_size=64, bits=4))
q = (np.array(codes)[:, :, None] >> (4 * np.arange(8, dtype=np.uint32)) & 15).reshape(64, 64)
s, b = np.array(s), np.array(b)
once = (q * s.astype(np.float64) + b.astype(np.float64)).astype(np.float16)
twice = (q.astype(np.float16) * s).astype(np.float16) + b
print("entries that are not q*s + b rounded once:", int((y != once).sum()), "of", y.size)
print("entries that are not rounded after the product and after the sum:", int((y != twice).sum()))
END
diff "$tmp/expected" "$tmp/seen"
