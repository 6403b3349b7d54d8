"""Plain values to YAML that Kubernetes reads as the same values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from gitops_kong import lazy
from gitops_kong.manifests.scalars import resolve

if TYPE_CHECKING:
    import yaml
else:
    yaml = lazy.module("yaml")


@cache
def _dumper() -> Any:
    """Quotes text that `sigs.k8s.io/yaml` would read as something else, and no other; writes no anchors.

    libyaml's emitter where PyYAML has it: it is many times faster, and folds no line of this width either.
    """

    class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    Dumper.add_representer(str, _text)
    return Dumper


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if isinstance(resolve(text), str) and text != "<<" else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def to_yaml(value: Any) -> str:
    """A value as one YAML document, keys in their own order, one line for each scalar."""
    return yaml.dump(value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=2**31 - 1)
