"""CEL expressions over plain values, through Google's own implementation.

`cel-expr-python` has wheels from Python 3.11 on; on 3.10 `cel-python` stands in. Both are imported when the first
expression is compiled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any


class CelError(Exception):
    """An expression that does not compile, or that cannot be evaluated on these values."""


class CelValueError(CelError):
    """An expression that fails on these values in every implementation: an absent key, text that does not convert."""


_EVERYWHERE = ("Key not found", "conversion failed", "index out of", "divide by zero", "overflow")


Program = Callable[[Mapping[str, Any]], Any]


@cache
def compile_expression(expression: str, variables: tuple[str, ...]) -> Program:
    """`expression` over the named variables (of any type), as a function of their values to a plain value.

    Raises CelError here when the expression is wrong, and from the function when it fails on the values.
    """
    try:
        return _native(expression, variables)
    except ImportError:
        return _portable(expression)


def _native(expression: str, variables: tuple[str, ...]) -> Program:
    from cel_expr_python import cel  # noqa: PLC0415 - only where a rule is evaluated

    try:
        program = _environment(variables).compile(expression)
    except RuntimeError as e:
        raise CelError(f"{expression}: {e}") from e

    def run(values: Mapping[str, Any]) -> Any:
        try:
            value = program.eval(data=values)
        except (RuntimeError, TypeError, ValueError) as e:
            raise CelError(f"{expression}: {e}") from e
        if value.type() in (cel.Type.ERROR, cel.Type.UNKNOWN):
            message = str(value.value())
            kind = CelValueError if any(text in message for text in _EVERYWHERE) else CelError
            raise kind(f"{expression}: {message}")
        return value.plain_value()

    return run


@cache
def _environment(variables: tuple[str, ...]) -> Any:
    from cel_expr_python import cel  # noqa: PLC0415
    from cel_expr_python.ext import ext_bindings, ext_optional, ext_strings  # noqa: PLC0415

    from gitops_kong.cel_kubernetes import functions  # noqa: PLC0415

    return cel.NewEnv(
        variables=dict.fromkeys(variables, cel.Type.DYN),
        extensions=[ext_strings.ExtStrings(), ext_bindings.ExtBindings(), ext_optional.ExtOptional()],
        functions=functions(),
    )


def _portable(expression: str) -> Program:
    import celpy  # noqa: PLC0415

    environment = celpy.Environment()
    try:
        program = environment.program(environment.compile(expression))
    except celpy.CELParseError as e:
        raise CelError(f"{expression}: {e}") from e

    def run(values: Mapping[str, Any]) -> Any:
        try:
            result = program.evaluate({name: celpy.json_to_cel(value) for name, value in values.items()})
        except (celpy.CELEvalError, TypeError, ValueError) as e:
            raise CelError(f"{expression}: {e}") from e
        return bool(result) if isinstance(result, celpy.celtypes.BoolType) else result

    return run
