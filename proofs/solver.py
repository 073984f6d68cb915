"""Relations between unknowns, decided by algebra or by an SMT solver over all reals."""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any, final

import sympy
from sympy.logic.boolalg import BooleanFalse, BooleanTrue

from sqtheory.exceptions import MissingExtra

from .machine_checked import ProofError

SMT_STEPS = 400_000_000
"""Steps that the solver may take for one question: no clock decides, and no proof has needed a tenth of them."""
NAMED = 9
"""Of how many unknowns an expression is no longer written out."""


def load() -> Any:
    """The solver's module. Raises MissingExtra."""
    try:
        import z3
    except ImportError:
        raise MissingExtra("z3", "prove", "SMT steps of proofs") from None
    return z3


def refute(z3: Any, hypotheses: Iterable[Any], goal: Any) -> None:
    """Return if the hypotheses imply the goal. Raises ProofError with values that show they do not."""
    solver = z3.Solver()
    solver.set("rlimit", SMT_STEPS)
    solver.add(*hypotheses, z3.Not(goal))
    answer = solver.check()
    if answer == z3.sat:
        raise ProofError(f"refuted: {solver.model()}")
    if answer != z3.unsat:
        raise ProofError(f"no answer in {SMT_STEPS} steps")


def satisfiable(z3: Any, hypotheses: Iterable[Any]) -> bool:
    """The solver finds values for which all of them hold."""
    solver = z3.Solver()
    solver.set("rlimit", SMT_STEPS)
    solver.add(*hypotheses)
    return bool(solver.check() == z3.sat)


def equal(left: sympy.Expr, right: sympy.Expr) -> bool:
    """left = right for all values of their unknowns, by algebra."""
    rest = sympy.expand(left - right)
    if rest == 0 or rest.has(sympy.Max, sympy.Min):
        return bool(rest == 0)
    return bool(rest.is_rational_function() and sympy.cancel(rest) == 0)


@final
class Translation:
    """Expressions of sympy as terms of the solver; what it does not know (powers, roots, exponentials) is a real."""

    def __init__(self, z3: Any) -> None:
        self.z3 = z3
        self.reals: dict[sympy.Expr, Any] = {}
        """The real that stands for an expression."""
        self.signs: list[Any] = []
        """What is known of the sign of every real."""
        self.joins: Mapping[Any, Callable[..., Any]] = {
            sympy.And: z3.And,
            sympy.Or: z3.Or,
            sympy.Not: z3.Not,
            sympy.Implies: z3.Implies,
        }
        self.relations: Mapping[Any, Callable[[Any, Any], Any]] = {
            sympy.Le: lambda a, b: a <= b,
            sympy.Lt: lambda a, b: a < b,
            sympy.Ge: lambda a, b: a >= b,
            sympy.Gt: lambda a, b: a > b,
            sympy.Eq: lambda a, b: a == b,
            sympy.Ne: lambda a, b: a != b,
        }

    def truth(self, b: Any) -> Any:
        """A relation, or several joined."""
        if isinstance(b, BooleanTrue | BooleanFalse | bool):
            return self.z3.BoolVal(bool(b))
        if b.func in self.joins:
            return self.joins[b.func](*map(self.truth, b.args))
        return self.relations[b.func](*map(self.term, b.args))

    def term(self, e: sympy.Expr) -> Any:
        """A number."""
        z3 = self.z3
        if isinstance(e, sympy.Piecewise):
            *cases, (last, _) = e.args
            return reduce(
                lambda rest, case: z3.If(self.truth(case[1]), self.term(case[0]), rest),
                reversed(cases),
                self.term(last),
            )
        terms = [self.term(arg) for arg in e.args] if not e.is_Atom and self.known(e) else []
        if e.is_Float:
            return self.term(sympy.Rational(e))
        if e.is_Rational:
            return z3.RealVal(f"{e.p}/{e.q}")
        if e.is_Symbol:
            return self.real(e)
        if e.is_Add:
            return z3.Sum(terms)
        if e.is_Mul:
            return z3.Product(terms)
        if isinstance(e, sympy.Abs):
            return z3.If(terms[0] >= 0, terms[0], -terms[0])
        if isinstance(e, sympy.Max):
            return reduce(lambda a, b: z3.If(a >= b, a, b), terms)
        if isinstance(e, sympy.Min):
            return reduce(lambda a, b: z3.If(a <= b, a, b), terms)
        if e.is_Pow and self.known(e):
            whole = z3.Product([terms[0]] * abs(int(e.exp)))
            return whole if e.exp > 0 else 1 / whole
        return self.real(e)

    @staticmethod
    def known(e: sympy.Expr) -> bool:
        """Something of which the solver knows what it means."""
        if e.is_Pow:
            return bool(e.exp.is_Integer)
        return bool(e.is_Add or e.is_Mul or isinstance(e, sympy.Abs | sympy.Max | sympy.Min | sympy.Piecewise))

    def real(self, e: sympy.Expr) -> Any:
        """The real that stands for an expression, by its own name where that is short."""
        if e not in self.reals:
            name = e.name if e.is_Symbol else f"⟨{e}⟩" if len(e.free_symbols) < NAMED else f"t{len(self.reals)}"
            real = self.reals[e] = self.z3.Real(name)
            if e.is_positive or isinstance(e, sympy.exp):
                self.signs.append(real > 0)
            elif e.is_nonnegative:
                self.signs.append(real >= 0)
        return self.reals[e]
