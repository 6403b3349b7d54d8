"""Regular expressions so plain that PCRE and Rust's ``regex`` both compile them: nearly all in a repository.

Found by one regular expression of Python's, which is a hundred times faster than to parse them.
"""

from __future__ import annotations

from gitops_kong.lazy import regex

_COUNT = r"\{(?:[0-9]{1,2},?|[01],[1-9][0-9]?|2,(?:[2-9]|[1-9][0-9])|[0-9]{1,2},[1-9][0-9]{2})\}"
_QUANTIFIER = rf"(?:(?:[*+?]|{_COUNT})\??)?"
_CLASS = r"\[\^?(?:A-Z|a-z|0-9|a-f|A-F|[A-Za-z0-9_/.%](?!-)|\\[dws.\-/])+-?\]"
_ATOM = rf"(?:[A-Za-z0-9_/,:;=@!~%&'\"<> .\-]|\\[dwsDWS.\-/]|{_CLASS}){_QUANTIFIER}"
_OPENING = r"\((?:\?:|\?P?<[A-Za-z_][A-Za-z0-9_]{0,20}>)?"
_INNER = rf"{_OPENING}(?:{_ATOM}|\|)*\){_QUANTIFIER}"
_GROUP = rf"{_OPENING}(?:{_ATOM}|{_INNER}|\|)*\){_QUANTIFIER}"
_PLAIN = regex(rf"\^?(?:{_ATOM}|{_GROUP}|\|)*\$?")


def is_plain(pattern: str) -> bool:
    """Whether the pattern surely compiles; names of groups could be the same, so there is at most one."""
    return _PLAIN.fullmatch(pattern) is not None and pattern.count("<") < 2
