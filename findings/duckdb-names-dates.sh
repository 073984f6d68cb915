#!/usr/bin/env bash
# Packages: duckdb==2.0.0 pandas==3.1.1 numpy==2.4.0
# Guess: A CSV column of layer names such as 1.1.20 (block 1, layer 1, unit 20) is read as text.
# What happens: DuckDB reads the names as dates; with two numbers (1.1 and 1.10) DuckDB and pandas read one and the
# same float, so two layers become one.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> ('1.1.20', '1.12.20') DuckDB ['2020-01-01', '2020-12-01']  pandas ['1.1.20', '1.12.20']
#> ('1.1.2', '1.1.20') DuckDB ['1.1.2', '1.1.20']  pandas ['1.1.2', '1.1.20']
#> ('1.1', '1.10') DuckDB ['1.1', '1.1']  pandas [1.1, 1.1]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check duckdb==2.0.0 pandas==3.1.1 numpy==2.4.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import duckdb, pandas
for names in (("1.1.20", "1.12.20"), ("1.1.2", "1.1.20"), ("1.1", "1.10")):
    with open("layers.csv", "w") as file:
        file.write("name,error\n" + "".join(f"{name},0.5\n" for name in names))
    seen = [str(row[0]) for row in duckdb.sql("select name from 'layers.csv'").fetchall()]
    print(names, "DuckDB", seen, " pandas", pandas.read_csv("layers.csv")["name"].tolist())
END
diff "$tmp/expected" "$tmp/seen"
