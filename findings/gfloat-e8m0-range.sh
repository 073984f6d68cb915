#!/usr/bin/env bash
# Packages: numpy==2.4.0 gfloat==0.5.2
# Guess: Rounding to E8M0 gives a value of E8M0, a power of two from 2^-127 to 2^127, or NaN: 0, -1 and 2^-149 are
# none.
# What happens: round_float returns 0, -1 and 2^-149 unchanged, though its own table of the 256 codes holds none of
# them; only the upper end is enforced.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 0.0 -> 0.0 not E8M0
#> -1.0 -> -1.0 not E8M0
#> 5.877471754111438e-39 -> 5.877471754111438e-39 E8M0
#> 2.938735877055719e-39 -> 2.938735877055719e-39 not E8M0
#> 1.401298464324817e-45 -> 1.401298464324817e-45 not E8M0
#> 1.7014118346046923e+38 -> 1.7014118346046923e+38 E8M0
#> 3.402823669209385e+38 -> nan E8M0
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 gfloat==0.5.2
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import gfloat
from gfloat.formats import format_info_ocp_e8m0 as e8m0
codes = {gfloat.decode_float(e8m0, code).fval for code in range(256)}
for v in (0.0, -1.0, 2.0**-127, 2.0**-128, 2.0**-149, 2.0**127, 2.0**128):
    rounded = gfloat.round_float(e8m0, v)
    print(v, "->", rounded, "E8M0" if rounded in codes or rounded != rounded else "not E8M0")
END
diff "$tmp/expected" "$tmp/seen"
