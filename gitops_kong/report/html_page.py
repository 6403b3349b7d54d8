"""`--format html`: one page that needs no network. The data is JSON in the page; `page/` draws it.

The page's policy allows no request and no script but its own. Text from manifests only ever reaches the page as text:
escaped as JSON here, and set with `textContent` by the scripts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from gitops_kong.report.html_data import document
from gitops_kong.report.model import Report

SCRIPTS = ("dom.js", "findings.js", "changes.js", "objects.js", "graph.js", "main.js")  # one script, in this order
_BIDI = re.compile(r"(?<!\\)((?:\\\\)*)\\u(?:202[a-e]|206[6-9]|200[ef]|061c)")  # direction marks, as JSON escapes
_HOLE = re.compile(r"\{\{(\w+)\}\}")


def write(report: Report) -> str:
    """The page."""
    folder = files("gitops_kong.report").joinpath("page")
    style = folder.joinpath("report.css").read_text("utf-8")
    script = "\n".join(('"use strict";', *(folder.joinpath(name).read_text("utf-8") for name in SCRIPTS)))
    parts = {
        "policy": f"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {content_hash(style)};"
        f" script-src {content_hash(script)}",
        "style": style,
        "script": script,
        "data": _in_script(document(report)),
    }
    template = folder.joinpath("report.html").read_text("utf-8")
    return _HOLE.sub(lambda hole: parts[hole[1]], template)


def content_hash(content: str) -> str:
    """As a Content-Security-Policy names a style or script that it allows."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _in_script(document: Mapping[str, Any]) -> str:
    """JSON that cannot end the element it stands in (HTML: `</script`, `<!--`), nor turn the text around it."""
    text = json.dumps(document, separators=(",", ":"))  # ASCII only
    text = _BIDI.sub(r"\1\\ufffd", text)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
