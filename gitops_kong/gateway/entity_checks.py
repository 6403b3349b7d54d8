"""Checks across the fields of a table, and when they run.

Source: `Schema.entity_checkers` and `run_entity_check` of Kong (kong/db/schema/init.lua). A check sees only the
fields that it names; it does not run when one of them is a reference to a vault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gitops_kong.gateway import lua
from gitops_kong.gateway.fields import REQUIRED, Error, Field
from gitops_kong.gateway.lua import MISSING, Table

if TYPE_CHECKING:
    from gitops_kong.gateway.records import Compiler, Record

Errors = dict[Any, Error]
REQUIRED_FOR_CHECK = "field required for entity check"


class View:
    """The fields of a record with those of its subschema over them."""

    def __init__(self, record: Record, subschema: Record | None) -> None:
        self._record = record
        self._subschema = subschema

    def field(self, dotted: str) -> Field | None:
        """A field by its dotted name; None when there is none."""
        head, *rest = dotted.split(".")
        found = self._subschema.fields.get(head) if self._subschema else None
        found = found or self._record.fields.get(head)
        for part in rest:
            if found is None:
                return None
            found = found.record.fields.get(part)
        return found


class Check:
    """One entity check: which fields it needs, and the function that judges them."""

    with_missing = False  # runs although a field that it requires is missing
    with_invalid = False  # runs although a field that it looks at has an error

    def __init__(self, fields: list[str], required: list[str]) -> None:
        self.names = fields
        self.required = required

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:
        """The message when the check fails; may put errors of single fields into `errors`."""
        raise NotImplementedError

    def runs_when_all_missing(self) -> bool:
        """Whether the check runs although none of its fields is there."""
        return self.with_missing

    def run(self, view: View, data: Table, full: bool, errors: Errors) -> None:
        """Run the check on a table and note what it finds."""
        values = {name: lua.get_field(data, name) for name in self.names}
        for name, value in values.items():
            if lua.is_reference(value):
                field = view.field(name)
                if field is not None and field.type == "string" and field.referenceable:
                    return
        if not self.with_invalid and any(errors.get(name) for name in self.names):
            return
        missing = [name for name, value in values.items() if value is MISSING]
        if len(missing) == len(values) and not (full and self.runs_when_all_missing()):
            return
        missing = [] if self.with_missing else [name for name in missing if name in self.required]
        if missing:
            for name in missing:
                lua.set_field(errors, name, REQUIRED_FOR_CHECK)
            return
        message = self.judge(data, view, errors)
        if message is not None:
            errors.setdefault("@entity", []).append(message)


class _Names(Check):
    """A check whose argument is a list of field names."""

    message = "%s"

    def __init__(self, names: list[str], _: Compiler) -> None:
        super().__init__(names, names)

    def nonempty(self, data: Table) -> int:
        """How many of the fields are set."""
        return sum(lua.is_nonempty(lua.get_field(data, name)) for name in self.names)

    def failed(self) -> str:
        """The message with the names."""
        return self.message % lua.quoted_list(list(self.names))


class AtLeastOneOf(_Names):
    """At least one field is set."""

    with_missing = with_invalid = True
    message = "at least one of these fields must be non-empty: %s"

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        return None if self.nonempty(data) else self.failed()


class OnlyOneOf(_Names):
    """Exactly one field is set."""

    with_invalid = True
    message = "exactly one of these fields must be non-empty: %s"

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        return None if self.nonempty(data) == 1 else self.failed()


class MutuallyRequired(_Names):
    """All fields are set, or none."""

    with_missing = True
    message = "all or none of these fields must be set: %s"

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        return None if self.nonempty(data) in (0, len(self.names)) else self.failed()


class MutuallyExclusive(_Names):
    """At most one field is set."""

    with_missing = True
    message = "only one or none of these fields must be set: %s"

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        return None if self.nonempty(data) <= 1 else self.failed()


class Distinct(_Names):
    """No two fields that are set have the same value."""

    with_invalid = True
    message = "values of these fields must be distinct: %s"

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        seen: list[Any] = []
        for name in self.names:
            value = lua.get_field(data, name)
            if lua.is_nonempty(value) and not lua.is_table(value):
                if any(lua.equal(value, other) for other in seen):
                    return self.failed()
                seen.append(value)
        return None


class MutuallyExclusiveSets(Check):
    """Fields of only one of two sets are set."""

    with_missing = True

    def __init__(self, argument: Mapping[str, Any], _: Compiler) -> None:
        self.sets: tuple[list[str], list[str]] = (argument["set1"], argument["set2"])
        super().__init__([*self.sets[0], *self.sets[1]], [])

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        one, two = ([n for n in names if lua.is_nonempty(lua.get_field(data, n))] for names in self.sets)
        if one and two:
            return f"these sets are mutually exclusive: ({lua.quoted_list(one)}), ({lua.quoted_list(two)})"
        return None


class Conditional(Check):
    """If one field matches, another must match too."""

    with_invalid = True

    def __init__(self, argument: Mapping[str, Any], _: Compiler) -> None:
        self.argument = argument
        self.if_field: str = argument["if_field"]
        self.then_field: str = argument["then_field"]
        super().__init__([self.if_field, self.then_field], [self.if_field])
        self._matches: dict[tuple[str, int], tuple[Field, Field]] = {}

    def _match(self, view: View, name: str, match: str) -> Field | None:
        field = view.field(name)
        if field is None:
            return None
        known = self._matches.get((match, id(field)))
        if known is None:
            known = self._matches[match, id(field)] = (field, field.overlaid(self.argument[match]))
        return known[1]

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: D102
        condition = self._match(view, self.if_field, "if_match")
        value = lua.get_field(data, self.if_field)
        if condition is None or value is MISSING or condition.validate(value) is not None:
            return None
        wanted = self._match(view, self.then_field, "then_match")
        value = lua.get_field(data, self.then_field)
        value = None if value is MISSING else value
        failed = f"failed conditional validation given value of field '{self.if_field}'"
        if value is None and self.argument["then_match"].get("required") is True:
            lua.set_field(errors, self.then_field, REQUIRED)
            return failed
        error = None if wanted is None else wanted.validate(value)
        if error is None:
            return None
        lua.set_field(errors, self.then_field, error)
        message = self.argument.get("then_err")
        return failed if message is None else message.replace("%s", self.if_field)


class ConditionalAtLeastOneOf(Conditional):
    """If a field matches, at least one of some fields is set; else perhaps one of others."""

    with_missing = with_invalid = True

    def __init__(self, argument: Mapping[str, Any], _: Compiler) -> None:
        self.argument = argument
        self.if_field = argument["if_field"]
        names = [*argument["then_at_least_one_of"], *argument.get("else_then_at_least_one_of", ())]
        Check.__init__(self, list(dict.fromkeys([self.if_field, *names])), [])
        self._matches = {}

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        value = lua.get_field(data, self.if_field)
        condition = self._match(view, self.if_field, "if_match")
        if value is MISSING or condition is None:
            return None
        branch = "then"
        if condition.validate(value) is not None:
            if "else_match" not in self.argument:
                return None
            otherwise = self._match(view, self.if_field, "else_match")
            if otherwise is None or otherwise.validate(value) is not None:
                return None
            branch = "else_then"
        names: list[str] = self.argument[f"{branch}_at_least_one_of"]
        if any(lua.is_nonempty(lua.get_field(data, name)) for name in names):
            return None
        quoted = lua.quoted_list(list(names))
        message = self.argument.get(f"{branch}_err", "at least one of these fields must be non-empty: %s")
        return str(message).replace("%s", quoted)


class Custom(Check):
    """A function of its own judges the fields (`custom_entity_check`)."""

    def __init__(self, argument: Mapping[str, Any], compiler: Compiler) -> None:
        super().__init__(argument["fields"], argument["fields"])
        self.with_missing = argument.get("run_with_missing_fields", False)
        self.with_invalid = argument.get("run_with_invalid_fields", False)
        self.function: Callable[[Table], str | None] = compiler.entity_check(argument["check"])

    def runs_when_all_missing(self) -> bool:  # noqa: D102
        return False

    def judge(self, data: Table, view: View, errors: Errors) -> str | None:  # noqa: ARG002, D102
        projection: Table = {}
        for name in self.names:
            lua.set_field(projection, name, lua.get_field(data, name))
        return self.function(projection)


_KINDS: dict[str, Callable[[Any, Compiler], Check]] = {
    "at_least_one_of": AtLeastOneOf,
    "only_one_of": OnlyOneOf,
    "mutually_required": MutuallyRequired,
    "mutually_exclusive": MutuallyExclusive,
    "mutually_exclusive_sets": MutuallyExclusiveSets,
    "distinct": Distinct,
    "conditional": Conditional,
    "conditional_at_least_one_of": ConditionalAtLeastOneOf,
    "custom": Custom,
}


def make(spec: Mapping[str, Any], compiler: Compiler) -> Check:
    """A check compiled from its specification, an object with one key: the kind."""
    ((kind, argument),) = spec.items()
    return _KINDS[kind](argument, compiler)
