#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.13.0
# Guess: The n - k smallest of n are what the k largest leave, so topk makes the same mask by what to keep and by
# what to prune.
# What happens: Among ties both may choose the same places on a CPU: of four ones largest=True and largest=False choose
# the last two, and of the first two neither. Without ties the choices are complements.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> [1, 1, 1, 1] two largest: [2, 3] two smallest: [2, 3]
#> [1, 1, 1, 2] two largest: [2, 3] two smallest: [1, 2]
#> [1, 1, 2, 1] two largest: [2, 3] two smallest: [1, 3]
#> [3, 1, 2, 0] two largest: [0, 2] two smallest: [1, 3]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.13.0
cd "$tmp"
"$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import torch
for row in ([1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 2, 1], [3, 1, 2, 0]):
    x = torch.tensor(row, dtype=torch.float32)
    kept, pruned = (sorted(x.topk(2, largest=largest).indices.tolist()) for largest in (True, False))
    print(row, "two largest:", kept, "two smallest:", pruned)
END
diff "$tmp/expected" "$tmp/seen"
