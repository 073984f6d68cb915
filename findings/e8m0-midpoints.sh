#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 gfloat==0.5.2 apytypes==0.5.1
# Guess: Libraries that round to nearest even agree on the scale of 1.5 and of 3, the midpoints between powers of two.
# What happens: 1.5 and 3 become 2 and 4 in ml_dtypes, 2 and 2 in gfloat, 1 and 2 in apytypes (8 exponent bits, no
# mantissa), which makes 4 of the integer 3.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> midpoints [0.75, 1.5, 3.0, 6.0, 12.0]
#> ml_dtypes [1.0, 2.0, 4.0, 8.0, 16.0]
#> gfloat    [0.5, 2.0, 2.0, 8.0, 8.0]
#> apytypes  [0.5, 1.0, 2.0, 4.0, 8.0]
#> apytypes, integers 3, 6, 12 [4.0, 8.0, 16.0]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 gfloat==0.5.2 apytypes==0.5.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import apytypes, gfloat, ml_dtypes, numpy as np
from gfloat.formats import format_info_ocp_e8m0 as e8m0
x = [0.75, 1.5, 3.0, 6.0, 12.0]
print("midpoints", x)
print("ml_dtypes", np.array(x).astype(ml_dtypes.float8_e8m0fnu).astype(float).tolist())
print("gfloat   ", [gfloat.round_float(e8m0, v) for v in x])
print("apytypes ", [float(apytypes.APyFloat.from_float(v, 8, 0)) for v in x])
print("apytypes, integers 3, 6, 12", [float(apytypes.APyFloat.from_float(v, 8, 0)) for v in (3, 6, 12)])
END
diff "$tmp/expected" "$tmp/seen"
