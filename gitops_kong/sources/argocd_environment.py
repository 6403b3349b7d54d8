"""What Argo CD fills into parts of an Application: `$ARGOCD_APP_NAME` and the like (`newEnv`, `Env.Envsubst`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gitops_kong.lazy import regex

# Go's os.Expand: special characters are names of one character, braces without a name are eaten
_VARIABLE = regex(
    r"\$(?:\{(?P<odd>[*#$@!?\-0-9])\}|\{(?P<braced>[^}]+)\}|\{\}|\{|(?P<special>[*#$@!?\-0-9])|(?P<name>\w+))", re.ASCII
)
# stands for a commit that is known only when it is made
_REVISION = "0" * 40


def environment(name: str, project: str, namespace: str, source: Mapping[str, Any]) -> dict[str, str]:
    """The variables of a source of an Application; its commit has a stand-in."""
    return {
        "ARGOCD_APP_NAME": name,
        "ARGOCD_APP_NAMESPACE": namespace,
        "ARGOCD_APP_PROJECT_NAME": project,
        "ARGOCD_APP_REVISION": _REVISION,
        "ARGOCD_APP_REVISION_SHORT": _REVISION[:7],
        "ARGOCD_APP_REVISION_SHORT_8": _REVISION[:8],
        "ARGOCD_APP_SOURCE_REPO_URL": str(source.get("repoURL") or ""),
        "ARGOCD_APP_SOURCE_PATH": str(source.get("path") or ""),
        "ARGOCD_APP_SOURCE_TARGET_REVISION": str(source.get("targetRevision") or ""),
    }


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Text with `$name` and `${name}` replaced, by nothing where they are not known; `$$` stands for `$`."""

    def value(match: re.Match[str]) -> str:
        name = match["odd"] or match["braced"] or match["special"] or match["name"]
        return "$" if name == "$" else variables.get(name or "", "")

    return _VARIABLE.sub(value, text) if "$" in text else text
