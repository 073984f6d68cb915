#!/usr/bin/env bash
# Packages: sympy==1.14.0
# Guess: Rational(1, 2) == 0.5 and 0 == 0.0 hold, for both sides are the same exact number, and == agrees with Eq and
# with <= and >=.
# What happens: == is False between exact and float numbers, also for S(0) == 0.0; Eq is True, and both <= and >= are.
# A test `scale == 0.5` or `x == 0.0` fails silently.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 1/2 0.5 : == False  Eq True  <=, >= (True, True)  difference == 0: True
#> 0 0.0 : == False  Eq True  <=, >= (True, True)  difference == 0: True
#> 2 2.0 : == False  Eq True  <=, >= (True, True)  difference == 0: True
#> 0.5 among the keys False  S(2) == 2 True
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check sympy==1.14.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
from sympy import Eq, Rational, S
for exact, number in ((Rational(1, 2), 0.5), (S(0), 0.0), (S(2), 2.0)):
    order = exact <= number, exact >= number
    print(exact, number, ": ==", exact == number, " Eq", Eq(exact, number), " <=, >=", order, " difference == 0:", exact - number == 0)
print("0.5 among the keys", S(0.5) in {Rational(1, 2): "half"}, " S(2) == 2", S(2) == 2)
END
diff "$tmp/expected" "$tmp/seen"
