"""What MkDocs asks when it builds the site.

Links out of `docs/` lead to the repository, the changelog is a page, rules stand in the navigation by group.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"(\]\()((?:\.\./)+[^)#\s]+)(#[^)\s]*)?\)")
_RULE = re.compile(r"^## (.+)$|^\| \[([\w-]+)\]\(([\w-]+\.md)\)", re.MULTILINE)


def on_config(config: Any) -> Any:
    """Fills the entry `Rules` of the navigation from the index of the rules."""
    groups: dict[str, list[str]] = {}
    for found in _RULE.finditer((ROOT / "docs/rules/index.md").read_text(encoding="utf-8")):
        if found[1]:
            group = groups.setdefault(found[1], [])
        else:
            group.append(f"rules/{found[3]}")
    pages = ["rules/index.md", *({name: listed} for name, listed in groups.items())]
    config["nav"] = [{"Rules": pages} if "Rules" in entry else entry for entry in config["nav"]]
    return config


def on_files(files: Files, config: Any) -> Files:
    """Adds the changelog, which lies where people look for it in a repository."""
    files.append(File.generated(config, "changelog.md", content=(ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001 - MkDocs' own names
    """Turns relative links out of `docs/` into links to the repository's files."""
    folder = posixpath.dirname(page.file.src_uri)

    def absolute(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", folder, found[2]))
        if path.startswith("docs/"):
            return found[0]
        if path == "CHANGELOG.md":
            return f"{found[1]}{'../' * folder.count('/')}changelog.md)"
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{found[1]}{config.repo_url}/{kind}/main/{path}{found[3] or ''})"

    return _LINK.sub(absolute, markdown)
