"""Commands on the shop example, as a person runs them."""

import json
from pathlib import Path

import pytest
import yaml

from tests.integrations.shop import gitops_kong, make

SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: ada-key, namespace: shop, labels: {konghq.com/credential: key-auth}}
stringData: {key: correct-horse}
---
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: ada, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
username: ada
credentials: [ada-key]
---
apiVersion: v1
kind: Secret
metadata: {name: limit, namespace: shop}
stringData: {config: "{policy: redis, redis: {host: h, password: battery-staple}, minute: staple-often}"}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
configFrom: {secretKeyRef: {name: limit, key: config}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {konghq.com/plugins: limit}}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: kong, defaultBackend: {service: {name: web, port: {number: 80}}}}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("shop") / "repository")


def test_check_tells_old_from_new_controllers(shop: Path) -> None:
    statuses = {}
    for version in ("3.4.3", "3.5.13"):
        done = gitops_kong(
            "check", "--base", "main", "--controller-version", version, "--format", "json", "--all", cwd=shop
        )
        assert done.returncode == 1, done.stderr
        statuses[version] = {
            p["scenario"]: p["status"]
            for p in json.loads(done.stdout)["predictions"]
            if p["object"]["name"] == "suggestions"
        }
    assert statuses == {"3.4.3": {"*": "empty"}, "3.5.13": {"*": "written"}}


def test_explain_draws_the_chain(shop: Path) -> None:
    done = gitops_kong("explain", "Ingress/checkout/checkout", "--base", "main", cwd=shop)
    assert done.returncode == 0, done.stderr
    assert "└─ cold-start: left out, status stays empty, not served" in done.stdout
    assert "KongPlugin checkout/rate-limit: config.minutes: unknown field  apps/checkout/base/rate-limit.yaml:7:3" in (
        done.stdout
    )
    unknown = gitops_kong("explain", "Ingress/a/b", cwd=shop)
    assert unknown.returncode == 2
    assert "no target has this object" in unknown.stderr


def test_explain_a_rule_and_list_them(shop: Path) -> None:
    assert "external-dns" in gitops_kong("explain", "status-empty", cwd=shop).stdout
    listed = json.loads(gitops_kong("rules", "--format", "json", cwd=shop).stdout)
    assert {"prediction", "security"} <= {row["group"] for row in listed}
    for row in listed:
        assert row["title"]


def test_translate_is_a_declarative_configuration_that_the_gateway_takes(shop: Path, tmp_path: Path) -> None:
    done = gitops_kong("translate", "--target", "staging", cwd=shop)
    assert done.returncode == 0, done.stderr
    config = yaml.safe_load(done.stdout)
    assert [s["name"] for s in config["services"]] == ["checkout.checkout.http"]
    file = tmp_path / "kong.yaml"
    file.write_text(done.stdout.replace("minutes: 120", "minute: 120"))
    validated = gitops_kong("gateway-validate", str(file), cwd=shop)
    assert validated.returncode == 0, validated.stdout + validated.stderr


def test_secrets_reach_no_output(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(SECRET)
    for arguments in (["check", "--format", "text"], ["check", "--format", "json", "--all"], ["translate"]):
        done = gitops_kong(*arguments, cwd=tmp_path)
        told = done.stdout + done.stderr
        assert "limit" in told
        for secret in ("correct-horse", "battery-staple", "staple-often"):
            assert secret not in told, arguments


CREDENTIALS = """
apiVersion: configuration.konghq.com/v1
kind: KongConsumer
metadata: {name: c, namespace: shop, annotations: {kubernetes.io/ingress.class: kong}}
username: c
credentials: [basic, acl, token]
---
apiVersion: v1
kind: Secret
metadata: {name: basic, namespace: shop, labels: {konghq.com/credential: basic-auth}}
stringData: {username: SENTINEL-user, password: SENTINEL-word}
---
apiVersion: v1
kind: Secret
metadata: {name: acl, namespace: shop, labels: {konghq.com/credential: acl}}
stringData: {group: SENTINEL-group}
---
apiVersion: v1
kind: Secret
metadata: {name: token, namespace: shop, labels: {konghq.com/credential: jwt}}
stringData: {algorithm: HS256, key: SENTINEL-key, secret: SENTINEL-secret}
---
apiVersion: v1
kind: Secret
metadata: {name: limits, namespace: shop}
stringData: {config: "{minute: 771235, second: 771234, policy: local}", second: "771233"}
---
apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata: {name: whole, annotations: {kubernetes.io/ingress.class: kong}, labels: {global: "true"}}
plugin: rate-limiting
configFrom: {secretKeyRef: {name: limits, namespace: shop, key: config}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {konghq.com/plugins: patched}}
spec: {ports: [{port: 80}]}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: patched, namespace: shop}
plugin: rate-limiting
config: {minute: 900000}
configPatches: [{path: /second, valueFrom: {secretKeyRef: {name: limits, key: second}}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: kong, defaultBackend: {service: {name: web, port: {number: 80}}}}
"""


def test_what_comes_from_secrets_is_masked_and_kong_still_takes_the_rest(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(CREDENTIALS)
    done = gitops_kong("translate", "--format", "json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    config = json.loads(done.stdout)
    assert "SENTINEL" not in done.stdout
    assert "77123" not in done.stdout
    patched, whole = sorted(config["plugins"], key=lambda plugin: "service" not in plugin)
    assert (patched["config"]["minute"], patched["config"]["second"]) == (900000, 1)
    assert whole["config"]["minute"] > whole["config"]["second"]
    file = tmp_path / "kong.json"
    file.write_text(json.dumps({**config, "plugins": [patched]}))
    validated = gitops_kong("gateway-validate", str(file), cwd=tmp_path)
    assert validated.returncode == 0, validated.stdout + validated.stderr


ENTERPRISE = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, annotations: {konghq.com/plugins: oidc}}
spec: {ports: [{port: 80}]}
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: oidc, namespace: shop}
plugin: openid-connect
config: {issuer: "https://issuer.example.com"}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {ingressClassName: kong, defaultBackend: {service: {name: web, port: {number: 80}}}}
"""


def test_enterprise_plugins_are_accepted_unverified_only_by_the_enterprise_edition(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(ENTERPRISE)
    (tmp_path / ".gitops-kong.yaml").write_text("gateway: {edition: enterprise}")
    report = json.loads(gitops_kong("check", "--format", "json", cwd=tmp_path).stdout)
    told = [(f["severity"], f["rule"], f["message"]) for f in report["findings"] if f["rule"] == "not-verified"]
    assert told == [("info", "not-verified", "Not verified: plugin openid-connect")]
    assert report["gateway"]["edition"] == "enterprise"
    assert report["summary"]["errors"] == 0
    assert gitops_kong("check", "--gateway-edition", "oss", cwd=tmp_path).returncode == 1


def test_a_removed_api_version_is_refused(tmp_path: Path) -> None:
    old = "{apiVersion: networking.k8s.io/v1beta1, kind: Ingress, metadata: {name: web, namespace: shop}, spec: {}}"
    (tmp_path / "old.yaml").write_text(old)
    done = gitops_kong("check", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "removed in Kubernetes 1.22; use networking.k8s.io/v1" in " ".join(done.stdout.split())
