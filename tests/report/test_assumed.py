from __future__ import annotations

from gitops_kong.report.assumed import shortened


def test_what_is_alike_is_counted() -> None:
    charts = [
        f"chart c{n} of OCIRepository c{n} is not seen: HelmRelease a/c{n} installs it; give --allow-network"
        for n in range(9)
    ]
    other = "apps of https://example.com/x is not seen: Application y deploys it; give --repo URL=PATH"
    assert list(shortened([*charts[:5], other, *charts[5:]])) == [
        charts[0],
        charts[1],
        "and 7 more like these",
        other,
    ]
    assert list(shortened(charts[:3])) == charts[:3]


def test_long_lists_are_cut() -> None:
    text = "{} Secrets are assumed to exist with unknown content, made by objects of kind ExternalSecret: {}"
    names = [f"a/s{n}" for n in range(40)]
    assert list(shortened([text.format(40, ", ".join(names))])) == [
        text.format(40, "a/s0, a/s1, a/s2, a/s3, a/s4 and 35 more")
    ]
    few = text.format(5, ", ".join(names[:5]))
    assert list(shortened([few])) == [few]
