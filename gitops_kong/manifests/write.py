"""Plain values to YAML that Kubernetes reads as the same values."""

from __future__ import annotations

from typing import Any

import yaml

from gitops_kong.manifests.scalars import resolve


class _Dumper(yaml.SafeDumper):
    """Quotes text that `sigs.k8s.io/yaml` would read as something else, and no other; writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Never writes anchors."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if isinstance(resolve(text), str) and text != "<<" else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(value: Any) -> str:
    """A value as one YAML document, keys in their own order, one line for each scalar."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)
