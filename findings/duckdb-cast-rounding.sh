#!/usr/bin/env bash
# Packages: duckdb==2.0.0
# Guess: CAST(2.5 AS INTEGER) rounds one way, whatever the type of the 2.5, and like round().
# What happens: A DOUBLE rounds to even (2), a DECIMAL, which the literal 2.5 is, and a text away from zero (3);
# round(2.5::DOUBLE) is 3.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 0.5 literal, text, double, round of double, double through decimal: [1, 1, 0, 1, 1]
#> 2.5 literal, text, double, round of double, double through decimal: [3, 3, 2, 3, 3]
#> -2.5 literal, text, double, round of double, double through decimal: [-3, -3, -2, -3, -3]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check duckdb==2.0.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import duckdb
for x in ("0.5", "2.5", "-2.5"):
    query = f"select cast({x} as int), cast('{x}' as int), cast(({x})::double as int), round(({x})::double), ({x})::double::decimal(4,1)::int"
    print(x, "literal, text, double, round of double, double through decimal:", [int(v) for v in duckdb.sql(query).fetchall()[0]])
END
diff "$tmp/expected" "$tmp/seen"
