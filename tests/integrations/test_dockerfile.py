"""The Dockerfile: what it copies is there and not ignored, it builds the tested renderers and ends as no root."""

import re

from tests.integrations.shop import ROOT

LINES = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
ARGUMENTS = [(line.split()[0], line.split()[1:]) for line in LINES if line and not line.startswith("#")]


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        source
        for word, arguments in ARGUMENTS
        if word == "COPY" and not arguments[0].startswith("--from")
        for source in arguments[:-1]
    ]
    assert set(copied) == kept
    assert all((ROOT / source).exists() for source in copied)


def test_the_renderers_are_those_that_are_tested() -> None:
    versions = dict(re.findall(r"^(helm|kustomize)_version=(\S+)$", (ROOT / ".ci/environment.sh").read_text(), re.M))
    text = "\n".join(LINES)
    assert f"helm.sh/helm/v3/cmd/helm@{versions['helm']}" in text
    assert f"sigs.k8s.io/kustomize/kustomize/v5@{versions['kustomize']}" in text


def test_it_does_not_run_as_root_and_pins_what_it_installs() -> None:
    words = [word for word, _ in ARGUMENTS]
    final = ARGUMENTS[len(words) - words[::-1].index("FROM") :]
    assert [arguments for word, arguments in final if word == "USER"] == [["10001:10001"]]
    assert words.index("USER") > words.index("COPY")
    installs = re.findall(r"pip install .*", "\n".join(LINES))
    assert len(installs) == 2
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)
    assert not any(":latest" in argument for word, (argument, *_) in ARGUMENTS if word == "FROM")
