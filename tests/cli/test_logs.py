"""`gitops-kong logs`: lines as zap writes them for the controller, in both formats."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gitops_kong.controller.log_lines import read_lines
from gitops_kong.report.log import read_log
from tests.integrations.shop import ROOT, gitops_kong

EVENT_OLD = "recording a Warning event for object"
EVENT_NEW = "object failed to apply - recording a Warning event for object"
PLUGIN = {
    "name": "rl",
    "namespace": "shop",
    "kind": "KongPlugin",
    "apiVersion": "configuration.konghq.com/v1",
    "reason": "KongConfigurationApplyFailed",
    "message": "invalid config.minutes: unknown field",
}
MANIFEST = """\
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata:
  name: rl
  namespace: shop
plugin: rate-limiting
config:
  policy: local
  minutes: 5
"""


def as_json(second: int, level: str, text: str, logger: str = "", /, **fields: Any) -> str:
    head = {"level": level, "time": f"2026-11-24T04:00:{second:02}Z"} | ({"logger": logger} if logger else {})
    return json.dumps(head | {"msg": text} | fields)


def as_text(second: int, level: str, text: str, logger: str = "", /, **fields: Any) -> str:
    columns = [f"2026-11-24T04:00:{second:02}Z", level, *([logger] if logger else []), text]
    return "\t".join(columns + ([json.dumps(fields)] if fields else []))


def report(path: Path, lines: list[str], *more: str) -> tuple[int, dict[str, Any]]:
    (path / "kic.log").write_text("\n".join(lines) + "\n")
    done = gitops_kong("logs", "kic.log", *more, "--format", "json", cwd=path)
    read = json.loads(done.stdout)
    schema = json.loads((ROOT / "gitops_kong/report/schemas/logs.json").read_text())
    Draft202012Validator(schema).validate(read)
    return done.returncode, read


@pytest.mark.parametrize("write", [as_json, as_text])
@pytest.mark.parametrize(("level", "message"), [("error", EVENT_OLD), ("debug", EVENT_NEW)])
def test_rejections_are_grouped_by_object(tmp_path: Path, write: Any, level: str, message: str) -> None:
    status, read = report(tmp_path, [write(s, level, message, **PLUGIN) for s in (3, 9, 6)])
    assert status == 1
    [entry] = read["entries"]
    assert entry["what"] == "gateway-rejected"
    assert entry["object"] == {"kind": "KongPlugin", "namespace": "shop", "name": "rl"}
    assert (entry["count"], entry["first"], entry["last"]) == (3, "2026-11-24T04:00:03Z", "2026-11-24T04:00:09Z")


@pytest.mark.parametrize("write", [as_json, as_text])
def test_a_translation_failure_and_its_event_are_one(tmp_path: Path, write: Any) -> None:
    names = {"name": "web", "namespace": "shop"}
    reason = "no CA certificate"
    gvk = {"GVK": "networking.k8s.io/v1, Kind=Ingress"}
    event = {
        "kind": "Ingress",
        "apiVersion": "networking.k8s.io/v1",
        "reason": "KongConfigurationTranslationFailed",
        "message": reason,
    }
    old = [
        write(1, "error", reason, error="resource processing failed", **names, **gvk),
        write(2, "error", EVENT_OLD, error="object failed to apply", **names, **event),
    ]
    new = [
        write(1, "debug", "resource processing failed", reason=reason, **names, **gvk),
        write(2, "debug", EVENT_NEW, **names, **event),
    ]
    for lines in (old, new):
        status, read = report(tmp_path, lines)
        [entry] = read["entries"]
        assert (status, entry["what"], entry["count"], entry["message"]) == (1, "translation-failed", 1, reason)


def test_fallback_push_and_crash(tmp_path: Path) -> None:
    lines = [
        as_json(1, "debug", "Excluded object from fallback cache", "fallback-cache-generator", kind="Ingress")[:-1]
        + ', "group": "networking.k8s.io", "namespace": "shop", "name": "web",'
        ' "causing_objects": "configuration.konghq.com/KongPlugin:shop/rl"}',
        as_json(2, "info", "Successfully recovered from configuration rejection with fallback configuration"),
        as_json(3, "error", "Could not update kong admin", error="performing update for https://10.0.0.1:8444 failed"),
        "panic: runtime error: index out of range",
        "goroutine 1 [running]:",
    ]
    _, read = report(tmp_path, lines)
    found = {entry["what"]: entry for entry in read["entries"]}
    assert list(found) == ["crash", "excluded", "push-failed", "recovered"]
    assert found["excluded"]["causes"] == [{"kind": "KongPlugin", "namespace": "shop", "name": "rl"}]
    assert read["summary"] == {"lines": 4, "unread": 1, "errors": 3, "warnings": 0, "infos": 1}


def test_a_place_in_the_repository(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "plugin.yaml").write_text(MANIFEST)
    _, read = report(tmp_path, [as_text(1, "error", EVENT_OLD, **PLUGIN)], "repo")
    [entry] = read["entries"]
    assert entry["source"] == {"file": "plugin.yaml", "line": 9, "column": 3}


def test_keys_of_credentials_are_not_told(tmp_path: Path) -> None:
    told = "uniqueness violation: 'keyauth_credentials' entity with key set to 'top-secret' already declared"
    lines = [
        as_json(1, "error", EVENT_OLD, **(PLUGIN | {"message": told})),
        as_json(2, "error", "Config error missing per-resource errors", message=told),
    ]
    status, read = report(tmp_path, lines)
    assert status == 1
    assert "already declared" in json.dumps(read)
    assert "top-secret" not in json.dumps(read)


def test_text_and_status(tmp_path: Path) -> None:
    (tmp_path / "good.log").write_text(as_text(1, "info", "Successfully synced configuration to Kong") + "\n")
    done = gitops_kong("logs", "good.log", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 lines: 0 errors, 0 warnings, 0 infos\n")
    (tmp_path / "bad.log").write_text(as_text(1, "error", EVENT_OLD, **PLUGIN) + "\n")
    done = gitops_kong("logs", "bad.log", cwd=tmp_path)
    assert done.returncode == 1
    assert "KongPlugin shop/rl\n      invalid config.minutes: unknown field\n" in done.stdout
    done = gitops_kong("logs", "absent.log", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")


def test_messages_of_several_lines_and_prefixes() -> None:
    text = [
        "[pod/kong-0/ingress-controller] 2026-11-24T04:00:01Z\terror\tsetup\tfirst",
        'second\tthird\t{"error": "x"}',
        '2026-11-24T04:00:01.5Z stdout F {"level":"info","time":"2026-11-24T04:00:02Z","msg":"ready"}',
        "W1124 04:00:00.000000 1 reflector.go:1] not the controller's",
        '{"msg": 3}',
    ]
    first, ready, *others = list(read_lines(text))
    assert first is not None
    assert ready is not None
    assert (first.logger, first.message, dict(first.fields)) == ("setup", "first\nsecond\tthird", {"error": "x"})
    assert (ready.level, ready.message) == ("info", "ready")
    assert others == [None, None]


@pytest.mark.parametrize("form", ["text", "json"])
def test_values_of_the_repository_s_secrets_are_not_told(tmp_path: Path, form: str) -> None:
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop}, stringData: {k: correct-horse}}"
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository/all.yaml").write_text(secret)
    log = tmp_path / "log"
    log.write_text(as_json(1, "error", EVENT_OLD, **PLUGIN | {"message": "invalid config.host: bad correct-horse"}))
    done = gitops_kong("logs", str(log), str(tmp_path / "repository"), "--format", form, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "bad ***" in done.stdout
    assert "correct-horse" not in done.stdout + done.stderr


def test_a_line_about_endpoints_names_their_service() -> None:
    fields = {"service_name": "web", "service_namespace": "shop", "error": "not found"}
    row = json.dumps(
        {"level": "error", "time": "2026-11-29T12:00:00Z", "msg": "Error fetching EndpointSlices", **fields}
    )
    (entry,) = read_log(read_lines([row])).entries.values()
    assert (str(entry.object), entry.message) == ("Service shop/web", "Error fetching EndpointSlices: not found")


def test_a_cause_that_is_named_twice_is_told_once() -> None:
    cause = "configuration.konghq.com/KongPlugin:shop/limit"
    fields = {"group": "networking.k8s.io", "kind": "Ingress", "namespace": "shop", "name": "bad"}
    told = {"msg": "Excluded object from fallback cache", **fields, "causing_objects": f"{cause},{cause}"}
    row = json.dumps({"level": "debug", "time": "2026-11-29T12:00:00Z", **told})
    (entry,) = read_log(read_lines([row])).entries.values()
    assert entry.message == "because of KongPlugin shop/limit"
