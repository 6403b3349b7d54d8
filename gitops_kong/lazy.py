"""What a module needs only now and then: made on its first use, so that a command starts fast."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any, AnyStr, cast

_METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")


def regex(pattern: AnyStr, flags: int | re.RegexFlag = 0) -> re.Pattern[AnyStr]:
    """`re.compile(pattern, flags)`, compiled on first use; `regex(…).fullmatch` can be kept like a function."""
    return cast("re.Pattern[AnyStr]", _Regex(pattern, flags))


class _Regex:
    """The methods of a pattern; once compiled, the pattern's own ones hide those of this class."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self.pattern = pattern
        self.flags = flags

    @cached_property
    def _compiled(self) -> re.Pattern[Any]:
        found = re.compile(self.pattern, self.flags)
        for name in _METHODS:
            setattr(self, name, getattr(found, name))
        return found


def _method(name: str) -> Callable[..., Any]:
    def method(self: _Regex, *arguments: Any, **named: Any) -> Any:
        return getattr(self._compiled, name)(*arguments, **named)

    return method


for _name in _METHODS:
    setattr(_Regex, _name, _method(_name))


def module(name: str) -> ModuleType:
    """The module `name`, loaded when one of its attributes is first asked for."""
    known = sys.modules.get(name)
    if known is not None:
        return known
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(name=name)
    loader = importlib.util.LazyLoader(spec.loader)
    spec.loader = loader
    found = importlib.util.module_from_spec(spec)
    sys.modules[name] = found
    loader.exec_module(found)
    return found
