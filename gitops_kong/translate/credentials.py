"""Secrets → credentials of consumers: which types there are, what their fields become.

KIC `kongstate/credentials.go`: a Secret's data is decoded into go-kong's types by mapstructure 1.5, whose messages
are part of the controller's. Names of fields match without regard to case where none matches exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from gitops_kong.translate.gojson import text_of
from gitops_kong.translate.gotext import boolean, integer, quote
from gitops_kong.translate.state import Entity

FieldKind = Literal["string", "int", "bool", "strings", "struct"]
Value = str | int | bool | list[str]


class CredentialError(Exception):
    """A Secret that makes no credential; the message is the controller's."""


class CredentialType(NamedTuple):
    """One type: its list in the declarative configuration, its fields, and what its failures are called.

    `required` has the fields without which there is no credential, with the message for each; `unique` is the field
    that two credentials must not share, and `conflict` how conflicts over it are named.
    """

    entities: str
    failure: str
    fields: Mapping[str, FieldKind]
    required: Mapping[str, str]
    unique: str = ""
    conflict: str = ""


_COMMON: dict[str, FieldKind] = {"consumer": "struct", "created_at": "int", "id": "string", "tags": "strings"}

TYPES: Mapping[str, CredentialType] = {
    "key-auth": CredentialType(
        "keyauth_credentials",
        "failed to decode key-auth credential",
        {**_COMMON, "key": "string", "ttl": "int"},
        {"key": "key-auth is invalid: no key"},
        "key",
        "key-auth on 'key'",
    ),
    "hmac-auth": CredentialType(
        "hmacauth_credentials",
        "failed to decode hmac-auth credential",
        {**_COMMON, "username": "string", "secret": "string"},
        {"username": "hmac-auth is invalid: no username"},
        "username",
        "hmac-auth on 'username'",
    ),
    "jwt": CredentialType(
        "jwt_secrets",
        "failed to process JWT credential",
        {**_COMMON, "algorithm": "string", "key": "string", "rsa_public_key": "string", "secret": "string"},
        {"key": "jwt-auth for is invalid: no key"},
        "key",
        "jwt-auth on 'key'",
    ),
    "basic-auth": CredentialType(
        "basicauth_credentials",
        "failed to decode basic-auth credential",
        {**_COMMON, "username": "string", "password": "string"},
        {"username": "basic-auth is invalid: no username"},
        "username",
        "basic-auth on 'username'",
    ),
    "oauth2": CredentialType(
        "oauth2_credentials",
        "failed to decode oauth2 credential",
        {
            **_COMMON,
            "name": "string",
            "client_id": "string",
            "client_secret": "string",
            "client_type": "string",
            "hash_secret": "bool",
            "redirect_uris": "strings",
        },
        {"client_id": "oauth2 is invalid: no client_id", "name": "oauth2 is invalid: no name"},
        "client_id",
        "oauth2-credentials on 'client_id'",
    ),
    "acl": CredentialType(
        "acls",
        "failed to process ACL group",
        {**_COMMON, "group": "string"},
        {"group": "acl is invalid: no group"},
    ),
    "mtls-auth": CredentialType(
        "mtls_auth_credentials",
        "failed to decode mTLS credential",
        {**_COMMON, "subject_name": "string", "ca_certificate": "struct"},
        {"subject_name": "mtls-auth is invalid: no subject_name"},
    ),
}


def values_of(data: Mapping[str, bytes]) -> tuple[dict[str, Value], list[str]]:
    """A Secret's data as the controller types it, and its complaints about values that it could not convert."""
    values: dict[str, Value] = {}
    complaints = []
    for key, raw in data.items():
        text = text_of(raw)
        if key == "redirect_uris":
            values[key] = text.split(",")
        elif key == "hash_secret":
            flag = boolean(text)
            if flag is None:
                problem = f"strconv.ParseBool: parsing {quote(text)}: invalid syntax"
                complaints.append(f"Failed to parse hash_secret to bool: {problem}. defaulting to false")
            values[key] = bool(flag)
        elif key == "ttl":
            number = integer(text)
            if number is None:
                problem = "value out of range" if text.lstrip("+-").isdecimal() else "invalid syntax"
                complaints.append(
                    f"Failed to parse ttl to int: strconv.Atoi: parsing {quote(text)}: {problem}, skipfilling the field"
                )
            else:
                values[key] = number
        else:
            values[key] = text
    return values, complaints


def credential(kind: CredentialType, values: Mapping[str, Value]) -> Entity:
    """The entity of a credential, without tags. Raises `CredentialError`."""
    entity: Entity = {}
    problems = []
    other_case = {key.lower(): values[key] for key in sorted(values, reverse=True) if key != key.lower()}
    for name, field_kind in kind.fields.items():
        found = values.get(name, other_case.get(name))
        if found is None:
            continue
        if problem := _problem(name, field_kind, found):
            problems.append(problem)
        else:
            entity[name] = found
    if problems:
        points = "\n".join(sorted(f"* {problem}" for problem in problems))
        raise CredentialError(
            f"{kind.failure}: failed to decode credential: {len(problems)} error(s) decoding:\n\n{points}"
        )
    if kind.entities == "jwt_secrets" and not entity.get("algorithm"):
        entity["algorithm"] = "HS256"
    for name, message in kind.required.items():
        if name not in entity:
            raise CredentialError(message)
    return entity


def _problem(name: str, kind: FieldKind, value: Value) -> str | None:
    """Why mapstructure does not put `value` into a field of `kind`."""
    if not isinstance(value, str) or kind == "string":
        return None  # only values of the right type are converted beforehand
    if kind == "strings":
        return f"'{name}': source data must be an array or slice, got string"
    if kind == "struct":
        return f"'{name}' expected a map, got 'string'"
    return f"'{name}' expected type '{kind}', got unconvertible type 'string', value: '{value}'"
