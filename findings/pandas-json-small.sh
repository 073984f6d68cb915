#!/usr/bin/env bash
# Packages: numpy==2.4.0 pandas==3.1.1
# Guess: to_json writes every finite float so that it reads back to ten digits, the smaller the safer to be in
# exponent notation.
# What happens: Ten decimals are kept, not ten digits: 1e-12 becomes 0.0 and 1.2345e-9 becomes 1.2e-9, and below about
# 1e-15 the digits come back.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 3.33333e-07 -> 0.0000003333
#> 1.2345e-09 -> 0.0000000012
#> 1e-12 -> 0.0
#> 1e-14 -> 0.0
#> 1e-16 -> 1e-16
#> 1e-30 -> 1e-30
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 pandas==3.1.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import pandas as pd
values = [1e-6 / 3, 1.2345e-9, 1e-12, 1e-14, 1e-16, 1e-30]
for value, written in zip(values, pd.Series(values).to_json()[1:-1].split(",")):
    print(f"{value:.6g} -> {written.split(':')[1]}")
END
diff "$tmp/expected" "$tmp/seen"
