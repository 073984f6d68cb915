#!/usr/bin/env bash
# Packages: z3-solver==5.4.0.0
# Guess: sqrt(-1) is no real number, so z3 leaves it open as it leaves 1/0 open, and can prove nothing about its
# value.
# What happens: z3 proves sqrt(-1) = 0, while 1/0 may be anything: an even root whose argument's sign was forgotten is
# 0 in every proof. The cube root of -8 is -2.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> sqrt(-1) = 0: True  sqrt(x) = 0 at -4: True
#> sqrt(x)^2 = x at -4: False  cbrt(-8) = -2: True
#> 1/0 = 0: False  1/0 = 5: False
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check z3-solver==5.4.0.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import z3
x = z3.Real("x")
def proved(claim):
    solver = z3.Solver()
    solver.add(z3.Not(claim))
    return solver.check() == z3.unsat
print("sqrt(-1) = 0:", proved(z3.Sqrt(z3.RealVal(-1)) == 0), " sqrt(x) = 0 at -4:", proved(z3.Implies(x == -4, z3.Sqrt(x) == 0)))
print("sqrt(x)^2 = x at -4:", proved(z3.Implies(x == -4, z3.Sqrt(x) ** 2 == x)), " cbrt(-8) = -2:", proved(z3.Cbrt(z3.RealVal(-8)) == -2))
print("1/0 = 0:", proved(z3.RealVal(1) / 0 == 0), " 1/0 = 5:", proved(z3.RealVal(1) / 0 == 5))
END
diff "$tmp/expected" "$tmp/seen"
