from gitops_kong import __version__
from tests.integrations.shop import ROOT, gitops_kong


def test_version() -> None:
    assert gitops_kong("version", cwd=ROOT).stdout == f"gitops-kong {__version__}\n"
    told = gitops_kong("version", "--verbose", cwd=ROOT).stdout
    assert "controllers known: 3.2.0 – 3.5.13" in told
    assert "gateways known: 3.4 – 3.9" in told
    assert "libyaml: yes" in told
    assert "click: " in told
    assert "renderers: " in told
    assert "git: git version" in told
    assert "helm: not found" in gitops_kong("version", "-v", cwd=ROOT, PATH="/nowhere").stdout
