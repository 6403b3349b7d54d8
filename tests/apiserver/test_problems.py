from typing import Any

import pytest

from gitops_kong.apiserver.problems import path_of

DATA = {
    "spec": {
        "rules": [{"host": "a"}, {"http": {"paths": []}}],
        "selector": {"app": "x", "app.kubernetes.io/name": "y"},
    },
    "data": {"tls.crt": "", "tls": ""},
}


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("spec.rules[0].host", ("spec", "rules", 0, "host")),
        ("spec.rules[1].http.paths", ("spec", "rules", 1, "http", "paths")),
        ("spec.rules[1].host", ("spec", "rules", 1)),
        ("spec.rules[7].host", ("spec", "rules")),
        ("spec.selector.app.kubernetes.io/name", ("spec", "selector", "app.kubernetes.io/name")),
        ("data[tls.crt]", ("data", "tls.crt")),
        ("data[tls.key]", ("data",)),
        ("", ()),
        ("<nil>", ()),
    ],
)
def test_field_leads_as_far_as_the_object_has_it(field: str, path: tuple[Any, ...]) -> None:
    assert path_of(field, DATA) == path
