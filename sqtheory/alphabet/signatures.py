"""Signatures that name every option: what ``help`` shows of a constructor whose options are a typed dictionary."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Constructor = TypeVar("Constructor", bound=Callable[..., Any])


def spelled_out(options: type, defaults: Mapping[str, Any]) -> Callable[[Constructor], Constructor]:
    """A decorator: ``**options`` become keyword parameters with these defaults; what is said of them ends the help."""

    def spell(constructor: Constructor) -> Constructor:
        signature = inspect.signature(constructor)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        keywords = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=kind)
            for name, kind in options.__annotations__.items()
        ]
        vars(constructor)["__signature__"] = signature.replace(parameters=[*own, *keywords])
        said, more = (constructor.__doc__ or "").rstrip(), (options.__doc__ or "").strip()
        constructor.__doc__ = f"{said}\n\n    Options: {more}\n    "
        return constructor

    return spell
