#!/usr/bin/env bash
# Packages: numpy==2.4.0 mlx[cpu]==0.32.4
# Guess: E4M3 has codes for NaN, and a NaN converted to it is a NaN; from_fp8 shows that mlx knows them.
# What happens: to_fp8 saturates NaN like a large number: it becomes 448, and a negative NaN -448.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> codes [56, 126, 126, 254, 126]  back [1.0, 448.0, 448.0, -448.0, 448.0]
#> codes 127 and 255 [nan, nan]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 'mlx[cpu]==0.32.4'
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import mlx.core as mx
mx.set_default_device(mx.cpu)
x = mx.array([1.0, 500.0, float("nan"), -float("nan"), float("inf")])
print("codes", mx.to_fp8(x).tolist(), " back", mx.from_fp8(mx.to_fp8(x), mx.float32).tolist())
print("codes 127 and 255", mx.from_fp8(mx.array([127, 255], mx.uint8), mx.float32).tolist())
END
diff "$tmp/expected" "$tmp/seen"
