"""Names of files come from the repository: they must not steer a terminal, nor become manifests."""

from pathlib import Path

import pytest

from gitops_kong.cli.say import say
from tests.integrations.shop import gitops_kong

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"


def test_messages_have_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[31m\r\u202eb.yaml: broken")
    assert capsys.readouterr().err == "gitops-kong: a\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}" + (
        "\N{REPLACEMENT CHARACTER}b.yaml: broken\n"
    )


def test_rendered_comments_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a\nkind: Secret.yaml").write_text(SERVICE)
    done = gitops_kong("render", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "# a\N{REPLACEMENT CHARACTER}kind: Secret.yaml\n" in done.stdout
