"""How host names of routes and listeners meet (KIC `internal/util/hostname.go`, the same in all versions)."""

from __future__ import annotations


def covers(mask: str, hostname: str) -> bool:
    """Whether `hostname` fits `mask`, in which `*` stands for one or more labels.

    A label behind the `*` is looked for from its place on; the first that is equal ends the search.
    """
    masks, labels = mask.split("."), hostname.split(".")
    a = b = 0
    wildcard = False
    while a < len(masks) and b < len(labels):
        if wildcard:
            while b < len(labels) and labels[b] != masks[a]:
                b += 1
            if b == len(labels):
                return False
        wildcard = masks[a] == "*"
        if not wildcard and masks[a] != labels[b]:
            return False
        a, b = a + 1, b + 1
    return len(labels) - b == len(masks) - a


def intersect(one: str, other: str) -> bool:
    """Whether one of the two covers the other."""
    return covers(one, other) or covers(other, one)
