"""What Kubernetes takes as a name, a label, a port (apimachinery 1.33 `util/validation`).

Each function returns what is wrong with a value, in the API server's words; nothing where it is right.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_WILDCARD = rf"\*\.{_SUBDOMAIN}"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"

_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_dns_1035 = re.compile(_DNS_1035).fullmatch
_is_qualified = re.compile(_QUALIFIED).fullmatch
_is_label_value = re.compile(f"({_QUALIFIED})?").fullmatch
_is_wildcard = re.compile(_WILDCARD).fullmatch
_is_config_key = re.compile(_CONFIG_KEY).fullmatch
_is_http_path = re.compile(_HTTP_PATH).fullmatch
_is_port_name = re.compile("[-a-z0-9]+").fullmatch
_has_letter = re.compile("[a-z]").search

_QUALIFIED_NAME = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
PORT_RANGE = "must be between 1 and 65535, inclusive"


def _longer(limit: int) -> str:
    return f"must be no more than {limit} characters"


def _regex(message: str, pattern: str, *examples: str) -> str:
    named = " or ".join(f"'{e}', " for e in examples)
    return f"{message} (e.g. {named}regex used for validation is '{pattern}')"


_SUBDOMAIN_RULE = _regex(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
)
_LABEL_RULE = _regex(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
)
_DNS_1035_RULE = _regex(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character,"
    " and end with an alphanumeric character",
    _DNS_1035,
    "my-name",
    "abc-123",
)
_WILDCARD_RULE = _regex(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower"
    " case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    _WILDCARD,
    "*.example.com",
)
_QUALIFIED_RULE = _regex(_QUALIFIED_NAME, _QUALIFIED, "MyName", "my.name", "123-abc")
_LABEL_VALUE_RULE = _regex(
    f"a valid label must be an empty string or consist{_QUALIFIED_NAME.removeprefix('must consist')}",
    f"({_QUALIFIED})?",
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_RULE = _regex(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)


def _checked(value: str, limit: int, valid: object, message: str) -> tuple[str, ...]:
    problems = (_longer(limit),) if len(value) * 4 > limit and len(value.encode()) > limit else ()
    return problems if valid else (*problems, message)


@lru_cache(4096)
def subdomain(value: str) -> tuple[str, ...]:
    """RFC 1123 subdomain: the names of most objects, hosts."""
    return _checked(value, 253, _is_subdomain(value), _SUBDOMAIN_RULE)


@lru_cache(4096)
def label(value: str) -> tuple[str, ...]:
    """RFC 1123 label: the names of namespaces."""
    rule = "must not contain dots" if _is_subdomain(value) else _LABEL_RULE
    return _checked(value, 63, _is_label(value), rule)


@lru_cache(4096)
def dns_1035_label(value: str) -> tuple[str, ...]:
    """RFC 1035 label: the names of Services."""
    return _checked(value, 63, _is_dns_1035(value), _DNS_1035_RULE)


def wildcard_subdomain(value: str) -> tuple[str, ...]:
    """A host whose first label is `*`."""
    return _checked(value, 253, _is_wildcard(value), _WILDCARD_RULE)


@lru_cache(4096)
def qualified_name(value: str) -> tuple[str, ...]:
    """The key of a label or annotation: `[prefix/]name`."""
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        example = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return (f"a qualified name {_QUALIFIED_RULE} {example}",)
    problems: list[str] = []
    if slash:
        problems += [f"prefix part {p}" for p in (subdomain(prefix) if prefix else ("must be non-empty",))]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        problems.append(f"name part {_longer(63)}")
    if not _is_qualified(name):
        problems.append(f"name part {_QUALIFIED_RULE}")
    return tuple(problems)


@lru_cache(4096)
def label_value(value: str) -> tuple[str, ...]:
    """The value of a label."""
    return _checked(value, 63, _is_label_value(value), _LABEL_VALUE_RULE)


@lru_cache(4096)
def config_key(value: str) -> tuple[str, ...]:
    """A key of a Secret or ConfigMap."""
    problems = _checked(value, 253, _is_config_key(value), _CONFIG_KEY_RULE)
    if value in (".", ".."):
        return (*problems, f"must not be '{value}'")
    return (*problems, "must not start with '..'") if value.startswith("..") else problems


@lru_cache(4096)
def port_name(value: str) -> tuple[str, ...]:
    """IANA service name: the name of a port."""
    problems = []
    if len(value) > 15:
        problems.append(_longer(15))
    if not _is_port_name(value):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _has_letter(value):
        problems.append("must contain at least one letter (a-z)")
    if "--" in value:
        problems.append("must not contain consecutive hyphens")
    if value and (value[0] == "-" or value[-1] == "-"):
        problems.append("must not begin or end with a hyphen")
    return tuple(problems)


def path_segment(value: str) -> tuple[str, ...]:
    """A name that can stand in a URL's path."""
    if value in (".", ".."):
        return (f"may not be '{value}'",)
    return tuple(f"may not contain '{c}'" for c in "/%" if c in value)


def domain_prefixed_path(value: str) -> tuple[str, ...]:
    """`example.com/path`: the controller of an IngressClass."""
    domain, slash, path = value.partition("/")
    if not domain or not slash or not path:
        return ('must be a domain-prefixed path (such as "acme.io/foo")',)
    problems = list(subdomain(domain))
    if not _is_http_path(path):
        problems.append(_regex("Invalid path", _HTTP_PATH))
    return tuple(problems)
