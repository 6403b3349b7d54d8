"""The controller and the gateway that Kong's charts install where their values name no image tags.

Source: the default values of the releases `kong-2.23.0` … `kong-3.2.0` and `ingress-0.1.0` … `ingress-0.24.0` of
github.com/Kong/charts.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from gitops_kong.lazy import regex

_EXACT = regex(r"[v=]?\s*(\d+)\.(\d+)\.(\d+)")


class Shipped(NamedTuple):
    """Minor versions that a chart installs, such as `3.5` and `3.9`."""

    controller: str
    gateway: str


# From this version of the chart on.
_KONG = (
    ((2, 23, 0), Shipped("2.10", "3.3")),
    ((2, 26, 0), Shipped("2.11", "3.3")),
    ((2, 28, 0), Shipped("2.12", "3.4")),
    ((2, 31, 0), Shipped("3.0", "3.4")),
    ((2, 33, 0), Shipped("3.0", "3.5")),
    ((2, 37, 0), Shipped("3.1", "3.6")),
    ((2, 39, 0), Shipped("3.2", "3.6")),
    ((2, 41, 0), Shipped("3.3", "3.6")),
    ((2, 42, 0), Shipped("3.3", "3.7")),
    ((2, 45, 0), Shipped("3.3", "3.8")),
    ((2, 46, 0), Shipped("3.4", "3.8")),
    ((2, 47, 0), Shipped("3.4", "3.9")),
    ((2, 51, 0), Shipped("3.5", "3.9")),
)
# The chart kong that a version of the chart ingress depends on, from the first that pins it on.
_INGRESS = (
    ((0, 13, 1), (2, 39, 3)),
    ((0, 14, 0), (2, 41, 0)),
    ((0, 14, 1), (2, 41, 1)),
    ((0, 15, 0), (2, 43, 0)),
    ((0, 15, 1), (2, 44, 0)),
    ((0, 15, 2), (2, 44, 1)),
    ((0, 16, 0), (2, 45, 0)),
    ((0, 17, 0), (2, 46, 0)),
    ((0, 18, 0), (2, 47, 0)),
    ((0, 19, 0), (2, 48, 0)),
    ((0, 20, 0), (2, 49, 0)),
    ((0, 21, 0), (2, 51, 0)),
    ((0, 22, 0), (3, 0, 2)),
    ((0, 23, 0), (3, 1, 0)),
    ((0, 24, 0), (3, 2, 0)),
)


def chart_versions(chart: str, version: str) -> Shipped | None:
    """What `chart` (kong or ingress) installs in an exact `version`; None for a range and for what is not known."""
    number = kong_chart(chart, version)
    if number is None:
        return None
    position = bisect_right(_KONG, number, key=lambda row: row[0])
    return _KONG[position - 1][1] if position else None


def kong_chart(chart: str, version: str) -> tuple[int, int, int] | None:
    """The version of the chart kong that `chart` (kong or ingress) is, or brings along, in an exact `version`."""
    match = _EXACT.fullmatch(version)
    if match is None:
        return None
    number = (int(match[1]), int(match[2]), int(match[3]))
    if chart != "ingress":
        return number
    position = bisect_right(_INGRESS, number, key=lambda row: row[0])
    return _INGRESS[position - 1][1] if position else None
