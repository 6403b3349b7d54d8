from __future__ import annotations

import pytest

from gitops_kong.manifests.objects import Origin
from gitops_kong.manifests.positions import locate
from gitops_kong.manifests.yaml import read_objects

TEXT = b"""# head
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: a, labels: {on: x}}
- &base
  kind: ConfigMap
  apiVersion: v1
  data:
    07: x
---
common: &c
  minute: 5
kind: KongPlugin
apiVersion: configuration.konghq.com/v1
config:
  <<: *c
  list:
  - a
  - b: 1
"""

PLACES = [
    (Origin("f", 1, ("items", 0)), (), (6, 3)),
    (Origin("f", 1, ("items", 0)), ("metadata", "name"), (8, 14)),
    (Origin("f", 1, ("items", 0)), ("metadata", "labels", "true"), (8, 32)),
    (Origin("f", 1, ("items", 1)), ("data", "7"), (13, 5)),
    (Origin("f", 1, ("items", 1)), ("data", "missing", "deeper"), (12, 3)),
    (Origin("f", 2), ("config", "minute"), (16, 3)),
    (Origin("f", 2), ("config", "list", 1, "b"), (23, 5)),
    (Origin("f", 2), ("config", "list", 7), (21, 3)),
    (Origin("f", 2), (), (15, 1)),
    (Origin("f", 9), ("spec",), (1, 1)),
]


@pytest.mark.parametrize(("origin", "path", "expected"), PLACES)
def test_locate(origin: Origin, path: tuple[str | int, ...], expected: tuple[int, int]) -> None:
    assert locate(TEXT, origin, path) == expected


def test_origins_of_read_objects_lead_back() -> None:
    text = b"---\n---\nkind: A\napiVersion: v1\n---\n\nkind: B\napiVersion: v1\n"
    places = [locate(text, found.origin, ("kind",)) for found in read_objects(text, "f") if found.origin]
    assert places == [(3, 1), (7, 1)]


def test_a_broken_file_still_has_a_place() -> None:
    assert locate(b"a: [", Origin("f"), ("a",)) == (1, 1)
