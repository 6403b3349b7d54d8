from __future__ import annotations

from gitops_kong.report.alike import shortened


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


def test_names_do_not_make_a_difference() -> None:
    plugins = [f"what ApplicationSet argocd/a{n} makes is not seen: what its plugin generator gives" for n in range(6)]
    assert list(shortened(plugins))[2:] == ["and 4 more like these"]
    charts = [f"a{n}/Chart.yaml: sub-chart x 1.{n} is not here; run `helm dependency build a{n}`" for n in range(6)]
    assert list(shortened(charts))[2:] == ["and 4 more like these"]
    assert (
        list(shortened(["a.yaml:3:1: duplicate key 'x'", "b.yaml:9:2: not YAML: a tab", *charts[:2]]))[2:] == charts[:2]
    )


def test_what_is_not_seen_may_be_called_anything() -> None:
    names = ("blue-green", "guestbook", "plugins/nix", "sync-waves")
    sources = [
        f"{name} of https://example.com/apps is not seen: Application argocd/{name} deploys it; give --repo URL=PATH"
        for name in names
    ]
    assert list(shortened(sources)) == [*sources[:2], "and 2 more like these"]
