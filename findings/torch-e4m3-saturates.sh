#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 torch==2.13.0
# Guess: float8_e4m3fn has no infinity, so torch makes NaN of what overflows, above 464, as it did up to 2.11.0 and as
# ml_dtypes does; E5M2, which has one, behaves alike.
# What happens: on the CPU torch saturates in E4M3, infinity included, and overflows to infinity in E5M2. In E8M0 it takes
# numbers by their magnitude and makes 2^-127 of 0, where ml_dtypes has NaN.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> e4m3 of 464, 465, 480, inf: torch 448 448 448 448, ml_dtypes 448 nan nan nan
#> e5m2 of 61439, 61440, inf: torch 57344 inf inf, ml_dtypes 57344 inf inf
#> e8m0 of 0, -3: torch 2^-127 4, ml_dtypes nan nan
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 torch==2.13.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ml_dtypes, numpy as np, torch
def told(values, ours, theirs):
    x = np.array(values, np.float32)
    made = torch.from_numpy(x).to(ours).float().numpy(), x.astype(theirs).astype(np.float32)
    one, other = (" ".join("2^-127" if v == 2.0**-127 else f"{v:.9g}" for v in m.tolist()) for m in made)
    return f"torch {one}, ml_dtypes {other}"
inf = np.inf
with np.errstate(invalid="ignore"):
    print("e4m3 of 464, 465, 480, inf:", told([464, 465, 480, inf], torch.float8_e4m3fn, ml_dtypes.float8_e4m3fn))
    print("e5m2 of 61439, 61440, inf:", told([61439, 61440, inf], torch.float8_e5m2, ml_dtypes.float8_e5m2))
    print("e8m0 of 0, -3:", told([0, -3], torch.float8_e8m0fnu, ml_dtypes.float8_e8m0fnu))
END
diff "$tmp/expected" "$tmp/seen"
