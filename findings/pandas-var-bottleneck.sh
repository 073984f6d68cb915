#!/usr/bin/env bash
# Packages: numpy==2.4.0 pandas==3.1.1, then the same with bottleneck==1.6.0
# Guess: bottleneck, which pandas uses where it is installed, changes the speed of a reduction only.
# What happens: bottleneck sums one by one in float32. The variance of 2^25 equal float32 entries is 0 before and 0.125
# after `pip install bottleneck`, with the same program and the same pandas; the mean is 1 in both.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> pandas alone: var 0.0 std 0.0 mean 1.0
#> with bottleneck: var 0.125 std 0.3536 mean 1.0
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
cat >"$tmp/program.py" <<'END'
import sys
import numpy as np, pandas as pd
x = pd.Series(np.ones(2**25, np.float32))
print(f"{sys.argv[1]}: var {x.var()} std {round(x.std(), 4)} mean {x.mean()}")
END
install() { "$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check "$@"; }
install numpy==2.4.0 pandas==3.1.1
"$tmp/venv/bin/python" -W ignore "$tmp/program.py" "pandas alone" | tee "$tmp/seen"
install bottleneck==1.6.0
"$tmp/venv/bin/python" -W ignore "$tmp/program.py" "with bottleneck" | tee -a "$tmp/seen"
diff "$tmp/expected" "$tmp/seen"
