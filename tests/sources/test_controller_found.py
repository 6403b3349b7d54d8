from __future__ import annotations

import json
from typing import Any

from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.sources.config import parse_config
from gitops_kong.sources.controller_found import FoundController, find_controllers
from gitops_kong.sources.initial import initial
from gitops_kong.sources.tree import MemoryTree


def workload(name: str, *containers: dict[str, Any], namespace: str = "kong", kind: str = "Deployment") -> K8sObject:
    spec = {"template": {"spec": {"containers": [*containers]}}}
    metadata = {"name": name, "namespace": namespace}
    return K8sObject(
        {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}, Origin(f"{name}.yaml")
    )


def env(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


CONTROLLER = {
    "name": "ingress-controller",
    "image": "docker.io/kong/kubernetes-ingress-controller:3.4.3@sha256:abc",
    "env": env(
        CONTROLLER_INGRESS_CLASS="edge",
        CONTROLLER_FEATURE_GATES="FallbackConfiguration=true, GatewayAlpha=false",
        CONTROLLER_WATCH_NAMESPACE="a,b",
        CONTROLLER_USE_LAST_VALID_CONFIG_FOR_FALLBACK="true",
    ),
}
PROXY = {"name": "proxy", "image": "kong:3.9.1-ubuntu", "env": env(KONG_ROUTER_FLAVOR="expressions")}


def one(*objects: K8sObject, **files: str) -> FoundController:
    tree = MemoryTree({name: text.encode() for name, text in files.items()})
    (found,) = find_controllers(objects, tree)
    return found


def test_a_deployment_tells_all() -> None:
    found = one(workload("kong", CONTROLLER, PROXY))
    assert (found.namespace, found.name, found.version) == ("kong", "kong", "3.4.3")
    assert found.ingress_class == "edge"
    assert found.feature_gates == {"FallbackConfiguration": True, "GatewayAlpha": False}
    assert found.watch_namespaces == ("a", "b")
    assert found.use_last_valid_config_for_fallback is True
    assert found.admission_webhook is None
    assert (found.gateway_version, found.gateway_edition, found.router_flavor) == ("3.9", "oss", "expressions")
    assert found.places["ingress_class"] == "kong.yaml: CONTROLLER_INGRESS_CLASS"
    assert found.places["version"].startswith("kong.yaml: image docker.io/kong/kubernetes-ingress-controller:3.4.3")


def test_flags_win_over_variables() -> None:
    arguments = ["--ingress-class", "inner", "--watch-namespace=x", "--watch-namespace=y", "--feature-gates=A=true"]
    arguments += ["--enable-drain-support", "--cluster-domain=c.local", "--secret-label-selector=s"]
    found = one(workload("kong", {**CONTROLLER, "args": [*arguments, "--use-last-valid-config-for-fallback"]}))
    assert found.ingress_class == "inner"
    assert found.watch_namespaces == ("x", "y")
    assert found.feature_gates == {"A": True}
    assert found.use_last_valid_config_for_fallback is True
    assert (found.drain_support, found.cluster_domain, found.secret_label_selector) == (True, "c.local", "s")
    assert found.config_map_label_selector is None
    assert found.places["ingress_class"] == "kong.yaml: --ingress-class"


def test_variables_from_config_maps_are_read_and_secrets_are_not() -> None:
    config = K8sObject(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "kong"},
            "data": {"CONTROLLER_INGRESS_CLASS": "mapped", "gates": "FillIDs=false"},
        }
    )
    references = [
        {"name": "CONTROLLER_FEATURE_GATES", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "gates"}}},
        {"name": "CONTROLLER_WATCH_NAMESPACE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    image = {"image": "kong/kubernetes-ingress-controller:3.5"}
    found = one(workload("kong", {**image, "env": references, "envFrom": [{"configMapRef": {"name": "c"}}]}), config)
    assert found.version == "3.5"
    assert found.ingress_class == "mapped"
    assert found.feature_gates == {"FillIDs": False}
    assert found.watch_namespaces == ()


def test_the_webhook_and_its_failure_policy() -> None:
    webhook = K8sObject(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "kong-validations"},
            "webhooks": [{"name": "validations.kong.konghq.com", "failurePolicy": "Ignore"}],
        },
        Origin("webhook.yaml"),
    )
    found = one(workload("kong", CONTROLLER), webhook)
    assert (found.admission_webhook, [w["failurePolicy"] for w in found.webhooks]) == (True, ["Ignore"])
    near = webhook.with_data(
        {
            **webhook.data,
            "webhooks": [
                {"name": "w.konghq.com", "clientConfig": {"service": {"namespace": found.namespace, "name": "w"}}}
            ],
        }
    )
    assert [w["name"] for w in one(workload("kong", CONTROLLER), webhook, near).webhooks] == ["w.konghq.com"]
    off = {**CONTROLLER, "args": ["--admission-webhook-listen=off"]}
    assert one(workload("kong", off)).admission_webhook is False
    assert one(workload("kong", off), webhook).admission_webhook is False


def test_gateways_of_their_own() -> None:
    gateway = {"image": "kong/kong-gateway:3.8", "env": []}
    found = one(workload("controller", CONTROLLER), workload("gateway", gateway, kind="DaemonSet"))
    assert (found.gateway_version, found.gateway_edition, found.router_flavor) == ("3.8", "enterprise", None)


def test_two_controllers_in_one_cluster() -> None:
    inner = {**CONTROLLER, "env": env(CONTROLLER_INGRESS_CLASS="inner")}
    found = find_controllers([workload("b", CONTROLLER, namespace="x"), workload("a", inner, namespace="x")])
    assert [(each.name, each.ingress_class) for each in found] == [("a", "inner"), ("b", "edge")]


def test_no_controller() -> None:
    assert find_controllers([workload("web", {"image": "nginx:1"}), workload("proxy", PROXY)]) == []


VALUES = {
    "image": {"repository": "kong", "tag": "3.7"},
    "env": {"router_flavor": "traditional"},
    "ingressController": {
        "image": {"tag": "3.4.4"},
        "ingressClass": "kong-a",
        "watchNamespaces": ["n"],
        "env": {"feature_gates": "FallbackConfiguration=true", "use_last_valid_config_for_fallback": True},
        "admissionWebhook": {"enabled": True, "failurePolicy": "Fail"},
    },
}


def expect_values(found: FoundController, prefix: str = "") -> None:
    assert (found.version, found.ingress_class) == ("3.4.4", "kong-a")
    assert found.feature_gates == {"FallbackConfiguration": True}
    assert found.watch_namespaces == ("n",)
    assert found.admission_webhook
    assert {w["failurePolicy"] for w in found.webhooks} == {"Fail"}
    assert found.webhooks[-1]["objectSelector"]["matchExpressions"][0]["key"] == "owner"
    assert (found.gateway_version, found.router_flavor) == ("3.7", "traditional")
    assert found.places["version"].endswith(f": {prefix}ingressController.image.tag")


def application(chart: str, **helm: Any) -> str:
    source = {"repoURL": "https://charts.konghq.com", "chart": chart, "targetRevision": "2.x", "helm": helm}
    spec = {"source": source, "destination": {"namespace": "kong"}}
    return json.dumps(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "k"}, "spec": spec}
    )


def test_an_application_of_the_chart() -> None:
    expect_values(one(**{"a.yaml": application("kong", valuesObject=VALUES)}))
    expect_values(one(**{"a.yaml": application("kong", values=json.dumps(VALUES))}))
    halves = {
        "controller": {"ingressController": VALUES["ingressController"]},
        "gateway": {"image": VALUES["image"], "env": VALUES["env"]},
    }
    expect_values(one(**{"a.yaml": application("ingress", valuesObject=halves)}), "controller.")


def test_a_release_of_the_chart() -> None:
    chart = {"spec": {"chart": "kong", "sourceRef": {"kind": "HelmRepository", "name": "kong"}}}
    metadata = {"name": "k", "namespace": "flux"}
    spec = {"chart": chart, "targetNamespace": "kong", "values": VALUES}
    text = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": metadata, "spec": spec}
    found = one(**{"r.yaml": json.dumps(text)})
    expect_values(found)
    assert found.namespace == "kong"


def test_a_chart_that_depends_on_the_chart() -> None:
    chart = "name: umbrella\ndependencies: [{name: kong, alias: edge, repository: 'https://charts.konghq.com'}]\n"
    files = {"c/Chart.yaml": chart, "c/values.yaml": json.dumps({"edge": VALUES})}
    expect_values(one(**files))
    assert (
        find_controllers(
            [],
            MemoryTree(dict.fromkeys((), b"") | {"c/Chart.yaml": chart.encode(), "c/charts/kong-2.0.0.tgz": b""}),
        )
        == []
    )


def ours(helm: dict[str, Any], **files: str) -> list[FoundController]:
    """The controllers of an Application with the chart from elsewhere and values files of this repository."""
    chart = {"repoURL": "https://charts.konghq.com", "chart": "kong", "targetRevision": "2.48.0", "helm": helm}
    sources = [chart, {"repoURL": "https://git.example.com/org/deploy", "ref": "values"}]
    found = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "k"},
        "spec": {"sources": sources, "destination": {"namespace": "kong"}},
    }
    tree = MemoryTree({"apps/k.yaml": json.dumps(found).encode(), **{n: v.encode() for n, v in files.items()}})
    return find_controllers([], tree)


def test_values_files_of_another_source() -> None:
    files = {"kong/base.yaml": json.dumps(VALUES), "kong/prod.yaml": "ingressController: {ingressClass: prod}\n"}
    (found,) = ours({"valueFiles": ["$values/kong/base.yaml", "$values/kong/prod.yaml", "$values/gone.yaml"]}, **files)
    assert (found.version, found.ingress_class, found.gateway_version) == ("3.4.4", "prod", "3.7")
    assert found.places["ingress_class"] == "kong/prod.yaml: ingressController.ingressClass"
    assert found.places["version"] == "kong/base.yaml: ingressController.image.tag"
    parameters = [{"name": "ingressController.ingressClass", "value": "last"}]
    (found,) = ours({"valueFiles": ["$values/kong/base.yaml"], "parameters": parameters}, **files)
    assert found.ingress_class == "last"
    assert found.places["ingress_class"] == "apps/k.yaml: ingressController.ingressClass"


def test_a_gateway_without_a_controller() -> None:
    assert ours({"valuesObject": {"ingressController": {"enabled": False}}}) == []
    assert ours({"parameters": [{"name": "ingressController.enabled", "value": "false"}]}) == []
    off = application("ingress", valuesObject={"controller": {"enabled": False}})
    assert find_controllers([], MemoryTree({"a.yaml": off.encode()})) == []


def test_mirrors_of_the_chart() -> None:
    for url, chart, found in (
        ("https://mirror.example.com/charts", "kong", 1),
        ("registry.example.com/charts", "team/kong", 1),
        ("https://charts.bitnami.com/bitnami", "kong", 0),
        ("https://mirror.example.com/charts", "ingress", 0),
    ):
        text = application(chart).replace("https://charts.konghq.com", url)
        assert len(find_controllers([], MemoryTree({"a.yaml": text.encode()}))) == found, (url, chart)


def test_charts_of_a_kustomization() -> None:
    text = (
        "namespace: edge\nhelmCharts:\n- name: ingress\n  repo: https://charts.konghq.com\n  version: 0.19.0\n"
        "  releaseName: gw\n  valuesFile: v.yaml\n  valuesInline: {controller: {ingressController: {env: "
        "{feature_gates: 'FallbackConfiguration=true'}}}}\n"
    )
    values = "controller: {ingressController: {ingressClass: edge}}\n"
    found = one(**{"k/kustomization.yaml": text, "k/v.yaml": values})
    assert (found.namespace, found.name, found.version, found.gateway_version) == ("edge", "gw", "3.4", "3.9")
    assert (found.ingress_class, found.feature_gates) == ("edge", {"FallbackConfiguration": True})
    assert found.places["ingress_class"] == "k/v.yaml: controller.ingressController.ingressClass"


def test_values_of_a_config_map() -> None:
    chart = {"spec": {"chart": "kong", "sourceRef": {"kind": "HelmRepository", "name": "kong"}}}
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "v", "namespace": "flux"}}
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "k", "namespace": "flux"},
        "spec": {"chart": chart, "valuesFrom": [{"kind": "ConfigMap", "name": "v"}]},
    }
    objects = [
        K8sObject(release, Origin("r.yaml")),
        K8sObject({**held, "data": {"values.yaml": json.dumps(VALUES)}}, Origin("v.yaml")),
    ]
    (found,) = find_controllers(objects)
    expect_values(found)
    assert found.places["version"] == "v.yaml: ingressController.image.tag"


def test_the_first_file_has_every_controller() -> None:
    inner = {**CONTROLLER, "env": env(CONTROLLER_INGRESS_CLASS="inner")}
    plain = {"image": "kong/kubernetes-ingress-controller:3.5"}
    found = find_controllers(
        [
            workload("a", CONTROLLER, PROXY, namespace="x"),
            workload("b", inner, namespace="y"),
            workload("c", plain, namespace="z"),
            workload("copy", inner, namespace="z"),
        ]
    )
    config = parse_config(initial([], found).encode(), "c.yaml")
    assert [(each.name, each.ingress_class, each.version) for each in config.controllers] == [
        ("x/a", "edge", "3.4.3"),
        ("y/b", "inner", "3.4.3"),
        ("z/c", "kong", "3.5"),
    ]
    assert config.controllers[0].gateway_version == "3.9"
    assert config.controllers[0].feature_gates == {"FallbackConfiguration": True, "GatewayAlpha": False}
    alone = parse_config(initial([], found[:1]).encode(), "c.yaml")
    assert (alone.controllers, alone.controller.ingress_class) == ((), "edge")


COMMANDS: list[dict[str, Any]] = [
    {"args": ["--ingress-class=x", "--feature-gates=FallbackConfiguration=true", "--watch-namespace=a,b"]},
    {"args": ["--ingress-class", "x", "--feature-gates", "FallbackConfiguration=true", "--watch-namespace", "a",
              "--watch-namespace", "b"]},
    {"command": ["/manager", "--ingress-class=x"],
     "args": ["--feature-gates=FallbackConfiguration=true", "--watch-namespace=a,b"]},
    {"command": ["/bin/sh", "-c"], "args": ["sleep 1 # --ingress-class=y\nexec /manager --ingress-class='x' \\\n"
     "  --feature-gates FallbackConfiguration=true --watch-namespace=\"a,b\""]},
    {"args": ["/manager --ingress-class=x --feature-gates=FallbackConfiguration=true --watch-namespace=a,b"]},
]  # fmt: skip


def test_command_lines() -> None:
    for command in COMMANDS:
        found = one(workload("kong", {"image": "kong/kubernetes-ingress-controller:3.5", **command}))
        assert (found.ingress_class, found.feature_gates, found.watch_namespaces) == (
            "x",
            {"FallbackConfiguration": True},
            ("a", "b"),
        ), command


IMAGES = {
    "registry.local:5000/kong/kubernetes-ingress-controller:v3.2.4": "3.2.4",
    "kong/kubernetes-ingress-controller:3.4.20@sha256:" + "a" * 64: "3.4.20",
    "kong/kubernetes-ingress-controller@sha256:" + "a" * 64: None,
    "ghcr.io/mirror/kong-kubernetes-ingress-controller:3.3.1": "3.3.1",
    "kong/kubernetes-ingress-controller:3.4.3-ubi": "3.4.3",
    "kong/nightly-ingress-controller:2025-01-01": None,
    "kong/nightly-ingress-controller:nightly": None,
    "kong/kubernetes-ingress-controller": None,
    "kong/kubernetes-ingress-controller:sha-1.2.3": None,
}


def test_images() -> None:
    for image, version in IMAGES.items():
        assert one(workload("kong", {"image": image})).version == version, image
    assert (
        find_controllers([workload("nginx", {"image": "registry/nginx/kubernetes-ingress-controller-x:1.0.0"})]) == []
    )
    assert find_controllers([workload("other", {"image": "registry/acme-kubernetes-ingress-controller:1.0.0"})]) == []


def test_arguments_and_variables_of_a_chart() -> None:
    values = {
        "ingressController": {
            "image": {"tag": "sha-abc", "effectiveSemver": "3.4.1"},
            "ingressClass": "own",
            "env": {"ingress_class": "variable", "feature_gates": "GatewayAlpha=true", "watch_namespace": "a,b"},
            "args": ["--feature-gates=FallbackConfiguration=true"],
        },
        "image": {"tag": "custom", "effectiveSemver": "3.8.0"},
    }
    spec = {
        "chart": {"spec": {"chart": "kong", "version": "2.47.0", "sourceRef": {"kind": "HelmRepository", "name": "k"}}},
        "values": values,
    }
    release = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "k"}}
    found = one(K8sObject({**release, "spec": spec}, Origin("r.yaml")))
    assert (found.version, found.gateway_version) == ("3.4.1", "3.8")
    assert (found.ingress_class, found.watch_namespaces) == ("variable", ("a", "b"))
    assert found.feature_gates == {"FallbackConfiguration": True}
    assert found.places["feature_gates"] == "r.yaml: ingressController.args"
    assert found.places["ingress_class"] == "r.yaml: ingressController.env.ingress_class"
    assert found.places["version"] == "r.yaml: ingressController.image.effectiveSemver"


def test_a_chart_of_an_oci_repository() -> None:
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "edge", "namespace": "kong"},
        "spec": {
            "chartRef": {"kind": "OCIRepository", "name": "charts"},
            "values": {"ingressController": {"ingressClass": "edge"}},
        },
    }
    for url, there in (("oci://ghcr.io/mirror/charts/kong", True), ("oci://docker.io/bitnamicharts/kong", False)):
        source = {
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "OCIRepository",
            "metadata": {"name": "charts", "namespace": "kong"},
            "spec": {"url": url, "ref": {"tag": "2.51.0"}},
        }
        found = find_controllers(
            [K8sObject(release, Origin("r.yaml"))], MemoryTree({"s.json": json.dumps(source).encode()})
        )
        assert [(each.version, each.ingress_class) for each in found] == ([("3.5", "edge")] if there else [])
