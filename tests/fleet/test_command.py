"""`gitops-kong fleet` as a person runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from gitops_kong.cli.main import cli
from tests.fleet.fleets import APP, BAD, GOOD, fleet_of, report, run, runs, write
from tests.integrations.shop import ROOT, make


def _check(folder: Path, *arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(cli, ["check", str(folder), "--format", "json", *arguments])
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def test_what_clusters_share_is_checked_once_and_told_once(tmp_path: Path) -> None:
    names = [f"c{i}" for i in range(20)]
    file = fleet_of(tmp_path, [{"name": name, **runs("good" if name > "c2" else "bad")} for name in names])
    done = run(file, "--format", "json")
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert "2 of 20 checks were run; 2 targets rendered" in done.stderr
    assert (found["summary"]["checks"], found["summary"]["distinctChecks"]) == (20, 2)
    assert [c["name"] for c in found["clusters"]] == names
    assert found["summary"]["byVerdict"] == {"passed": 7, "failed": 13, "unchecked": 0}
    refused = [f for f in found["findings"] if f["rule"] == "gateway-rejected"]
    assert [w["cluster"] for w in refused[0]["where"]] == [n for n in names if n <= "c2"]
    assert (len(refused), refused[0]["source"]["file"]) == (1, "bad/plugin.yaml")


def test_a_fleet_of_one_says_what_check_says(tmp_path: Path) -> None:
    shop = make(tmp_path / "shop")
    for version in ("3.4.3", "3.5.13"):
        file = tmp_path / "fleet.yaml"
        file.write_text(
            json.dumps(
                {
                    "repositories": {"shop": {"path": "shop", "base": "main"}},
                    "clusters": [
                        {"name": "a", "controller": {"version": version}, "targets": [{"repository": "shop"}]}
                    ],
                }
            )
        )
        found, one = report(file), _check(shop, "--base", "main", "--controller-version", version)
        told = {json.dumps({k: v for k, v in f.items() if k not in ("repository", "where")}) for f in found["findings"]}
        assert told == {json.dumps({k: v for k, v in f.items() if k != "target"}) for f in one["findings"]}
        assert {(f["rule"], w["target"]) for f in found["findings"] for w in f["where"] if f["object"]} == {
            (f["rule"], f["target"]) for f in one["findings"] if f["object"]
        }
        checks = found["clusters"][0]["checks"]
        for count in ("objects", "changed"):
            assert sum(c[count] for c in checks) > 0
        assert sum(c["objects"] for c in checks) == one["summary"]["objects"]
        assert sum(c["madeWorse"]["objects"] for c in checks) == one["summary"]["madeWorse"]["objects"]


def test_suppressions_hold_in_every_cluster_and_unused_ones_are_told(tmp_path: Path) -> None:
    file = fleet_of(tmp_path, [{"name": name, **runs("bad", "good")} for name in ("a", "b")])
    mark = "# gitops-kong: ignore gateway-rejected # known\n"
    write(tmp_path, {"apps/bad/plugin.yaml": mark + BAD.lstrip(), "apps/good/plugin.yaml": mark + GOOD.lstrip()})
    found = report(file)
    assert "gateway-rejected" not in {f["rule"] for f in found["findings"]}
    assert [c["checks"][0]["suppressed"] for c in found["clusters"]] == [1, 1]
    assert [(r["rule"], r["source"]) for r in found["remarks"]] == [("suppression-unused", None)]
    assert "good/plugin.yaml:1" in found["remarks"][0]["message"]
    assert {f["rule"] for f in report(file, "--no-suppressions")["findings"]} >= {"gateway-rejected"}


def test_a_cluster_that_cannot_be_read_is_named_and_the_others_are_checked(tmp_path: Path) -> None:
    write(tmp_path, {"snapshots/broken.yaml": "apiVersion: v1\nkind: [\n", "snapshots/fine.yaml": GOOD})
    clusters = [
        {"name": "no-snapshot", **runs("good"), "context": ["snapshots/none"]},
        {"name": "broken-snapshot", **runs("good"), "context": ["snapshots/broken.yaml"]},
        {"name": "no-target", **runs("overlays/*")},
        {"name": "nothing"},
        {"name": "no-version", **runs("good"), "controller": {"version": "1.0"}},
        {"name": "no-repository", "targets": [{"repository": "gone"}]},
        {"name": "fine", **runs("good"), "context": ["snapshots"], "labels": {"snapshots": "yes"}},
        {"name": "good", **runs("good"), "context": ["snapshots/fine.yaml"]},
    ]
    file = fleet_of(tmp_path, clusters, repositories={"apps": {"path": "apps"}, "gone": {"path": "gone"}})
    done = run(file, "--format", "json")
    assert done.exit_code == 2
    problems = {
        c["name"]: " ".join([*c["problems"], *(p for k in c["checks"] for p in k["problems"])])
        for c in json.loads(done.stdout)["clusters"]
    }
    assert "context snapshots/none: no such file or directory" in problems["no-snapshot"]
    assert "snapshots/broken.yaml:3:1" in problems["broken-snapshot"]
    assert "no target is named 'overlays/*'; found are bad, good" in problems["no-target"]
    assert "no targets are assigned" in problems["nothing"]
    assert "3.2.0 on are known" in problems["no-version"]
    assert "gone: no such file or directory" in problems["no-repository"]
    assert "broken.yaml" in problems["fine"]
    assert problems["good"] == ""
    verdicts = {c["name"]: c["verdict"] for c in json.loads(done.stdout)["clusters"]}
    assert {name for name, verdict in verdicts.items() if verdict != "unchecked"} == {"good"}
    text = run(file, "-v").stdout
    for name in verdicts:
        assert name in text


def test_places_of_a_context_are_files_of_the_context(tmp_path: Path) -> None:
    write(tmp_path, {"snapshots/a.yaml": "# a snapshot\n" + BAD.replace("name: limit", "name: other").lstrip()})
    write(tmp_path, {"apps/good/other.yaml": APP.replace("web", "more").replace("limit", "other")})
    found = report(fleet_of(tmp_path, [{"name": "a", **runs("good"), "context": ["snapshots"]}]))
    (refused,) = (f for f in found["findings"] if f["rule"] == "gateway-rejected")
    assert refused["source"] == {"file": "snapshots/a.yaml", "line": 6, "column": 10}


def test_only_what_changed_is_checked_again(tmp_path: Path) -> None:
    file = fleet_of(tmp_path, [{"name": "a", **runs("good")}, {"name": "b", **runs("bad")}])
    first = report(file)
    done = run(file, "--resume")
    assert "0 of 2 checks were run, 2 taken from an earlier run" in done.stderr
    assert report(file, "--resume") == first
    write(tmp_path, {"apps/good/plugin.yaml": GOOD.replace("5", "6")})
    assert "1 of 2 checks were run, 1 taken from an earlier run" in run(file, "--resume").stderr
    assert "2 of 2 checks were run;" in run(file).stderr
    settings = ("--resume", "--controller-version", "3.4.3")
    assert "2 of 2 checks were run;" in run(file, *settings).stderr


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    clusters = [{"name": f"c{i}", **runs("good"), "controller": {"clusterDomain": f"c{i}.local"}} for i in range(300)]
    file = fleet_of(tmp_path, clusters)
    command = [sys.executable, "-m", "gitops_kong", "fleet", str(file), "--state", str(tmp_path / "state")]
    with subprocess.Popen(
        [*command, "--jobs", "1", "--format", "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(10)]
        process.send_signal(signal.SIGTERM)
        rest, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert "the same command with --resume goes on from there" in told
    done = {json.loads(line)["cluster"] for line in [*first, *rest.splitlines()] if '"type": "check"' in line}
    assert 0 < len(done) < 300
    again = run(file, "--resume", "--format", "json")
    assert f"{300 - len(done)} of 300 checks were run, {len(done)} taken from an earlier run" in again.stderr
    assert json.loads(again.stdout) == report(file)


def test_lines_come_as_checks_are_done(tmp_path: Path) -> None:
    file = fleet_of(tmp_path, [{"name": "a", **runs("bad")}, {"name": "b", **runs("bad")}, {"name": "c"}])
    lines = [json.loads(line) for line in run(file, "--format", "jsonl").stdout.splitlines()]
    assert [line["type"] for line in lines] == ["result", "check", "check", "summary"]
    assert lines[0]["result"] == lines[1]["result"] == lines[2]["result"]
    assert [line["cluster"] for line in lines[1:3]] == ["a", "b"]
    assert lines[3]["byVerdict"] == {"passed": 0, "failed": 2, "unchecked": 1}


def test_clusters_are_chosen_by_name_and_label(tmp_path: Path) -> None:
    clusters = [{"name": n, "labels": {"env": e}, **runs("good")} for n, e in (("eu-1", "prod"), ("eu-2", "test"))]
    file = fleet_of(tmp_path, clusters)
    assert [c["name"] for c in report(file, "--selector", "env=test")["clusters"]] == ["eu-2"]
    assert [c["name"] for c in report(file, "--cluster", "eu-1")["clusters"]] == ["eu-1"]
    done = CliRunner().invoke(cli, ["fleet", str(file), "--cluster", "us-*"])
    assert "none of its 2 clusters is chosen" in str(done.exception)


def test_revisions_are_checked_without_a_checkout(tmp_path: Path) -> None:
    file = fleet_of(tmp_path, [])
    git = ["git", "-C", str(tmp_path / "apps"), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for arguments in (["init", "-qb", "main"], ["add", "-A"], ["commit", "-qm", "one"], ["tag", "v1"]):
        subprocess.run([*git, *arguments], check=True)
    write(tmp_path, {"apps/good/plugin.yaml": BAD})
    for arguments in (["add", "-A"], ["commit", "-qm", "two"], ["tag", "v2"]):
        subprocess.run([*git, *arguments], check=True)
    write(tmp_path, {"apps/good/plugin.yaml": GOOD})
    pairs = {"v1": ("v1", ""), "v2": ("v2", ""), "work": ("", ""), "no-change": ("v2", "v2"), "gone": ("v3", "")}
    file = fleet_of(
        tmp_path,
        [
            {"name": name, "targets": [{"repository": "apps", "names": ["good"]} | _said(*pair)]}
            for name, pair in pairs.items()
        ],
    )
    write(tmp_path, {"apps/good/plugin.yaml": GOOD})
    found = {c["name"]: c for c in report(file)["clusters"]}
    verdicts = {name: c["verdict"] for name, c in found.items()}
    assert verdicts == {
        "v1": "passed", "v2": "failed", "work": "passed", "no-change": "passed", "gone": "unchecked"
    }  # fmt: skip
    assert "apps: revision v3: no such revision here" in found["gone"]["problems"][0]
    # --base says for this run what the clusters have: what is broken there was broken before
    verdicts = {c["name"]: c["verdict"] for c in report(file, "--base", "apps=v2")["clusters"]}
    assert verdicts["v2"] == "passed"


def _said(revision: str, base: str) -> dict[str, str]:
    return {k: v for k, v in (("revision", revision), ("base", base)) if v}


def test_secrets_reach_neither_the_report_nor_the_state(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {p: correct-horse}\n"
    broken = secret.replace("name: db", "name: ada, labels: {konghq.com/credential: jwt}").replace("p:", "algorithm:")
    consumer = """
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ada, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
username: ada
credentials: [ada]
"""
    file = fleet_of(tmp_path, [{"name": "a", **runs("good")}])
    write(tmp_path, {"apps/good/s.yaml": "---\n".join((secret, broken, consumer))})
    outputs = "".join(run(file, "--format", form).output for form in ("text", "json", "jsonl"))
    assert "ada" in outputs
    assert "correct-horse" not in outputs
    kept = [f for f in (tmp_path / "state").rglob("*") if f.is_file()]
    assert len(kept) > 1
    assert not any(b"correct-horse" in f.read_bytes() for f in kept)


def test_the_report_and_its_lines_follow_their_schemas(tmp_path: Path) -> None:
    file = fleet_of(tmp_path, [{"name": "a", **runs("bad")}, {"name": "b"}])
    schemas = {
        name: json.loads(CliRunner().invoke(cli, ["schema", name]).stdout)
        for name in ("fleet", "fleet-lines", "fleet-file")
    }
    jsonschema.Draft202012Validator(schemas["fleet"]).validate(report(file))
    for line in run(file, "--format", "jsonl").stdout.splitlines():
        jsonschema.Draft202012Validator(schemas["fleet-lines"]).validate(json.loads(line))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schemas["fleet"]).validate({"schemaVersion": "1"})
    jsonschema.Draft202012Validator(schemas["fleet-file"]).validate(
        {"repositories": {"a": {"path": "."}}, "clusters": [{"name": "a", "gateway": {"version": "3.9"}}]}
    )


def test_workers_end_with_the_coordinator(tmp_path: Path) -> None:
    clusters = [{"name": f"c{i}", **runs("good"), "controller": {"clusterDomain": f"c{i}.local"}} for i in range(300)]
    command = [sys.executable, "-m", "gitops_kong", "fleet", str(fleet_of(tmp_path, clusters)), "--jobs", "2"]
    command += ["--state", str(tmp_path / "state"), "--format", "jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = _descendants(process.pid)
        assert len(children) >= 2
        process.kill()
    for _ in range(100):
        if not any(_runs(pid) for pid in children):
            break
        time.sleep(0.1)
    assert not [pid for pid in children if _runs(pid)]


def _descendants(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            child = int(entry.name)
            found += [child, *_descendants(child)]
    return found


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_the_example(tmp_path: Path) -> None:
    example = ROOT / "examples/fleet/fleet.yaml"
    done = CliRunner().invoke(cli, ["fleet", str(example), "--state", str(tmp_path), "--format", "json"])
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert {c["name"]: c["verdict"] for c in found["clusters"]} == {
        "eu-1": "passed", "eu-2": "passed", "us-1": "failed", "test-1": "passed"
    }  # fmt: skip
    assert (found["summary"]["checks"], found["summary"]["distinctChecks"]) == (4, 3)
    assert {f["source"]["file"] for f in found["findings"] if f["rule"] == "gateway-rejected"} == {
        "snapshots/us-1.yaml"
    }
