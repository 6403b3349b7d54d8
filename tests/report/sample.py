"""One small report that every format is written from."""

from dataclasses import replace

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.versions import behaviours, feature_gates
from gitops_kong.manifests.objects import K8sObject, Origin
from gitops_kong.predict.model import Cause, Finding, Outcome, Prediction, TargetPrediction
from gitops_kong.report.model import Place, Problem, Report
from gitops_kong.report.route_changes import EntityChange, FieldChange, RouteChange


def obj(kind: str, namespace: str, name: str, file: str, api_version: str = "networking.k8s.io/v1") -> K8sObject:
    metadata = {"name": name, "namespace": namespace}
    return K8sObject({"apiVersion": api_version, "kind": kind, "metadata": metadata}, Origin(file))


PLUGIN = obj("KongPlugin", "shop", "rl", "apps/shop/rl.yaml", "configuration.konghq.com/v1")
CHECKOUT = obj("Ingress", "shop", "checkout", "apps/shop/ingress.yaml")
SEARCH = obj("Ingress", "search", "search", "apps/search/ingress.yaml")
CAUSE = Cause(PLUGIN, "config.minutes: unknown field", ("config", "minutes"))

FINDINGS = (
    Finding(
        "status-empty",
        "error",
        "Ingress search/search is served, but its status stays empty",
        "production",
        SEARCH,
        causes=(CAUSE,),
        help="Update the controller to 3.4.4 or later.",
        scenarios=("cold-start",),
        effects=("cold-start: configured, status empty, new traffic",),
    ),
    Finding(
        "gateway-rejected",
        "error",
        "Kong refuses KongPlugin shop/rl: config.minutes: unknown field",
        "production",
        PLUGIN,
        ("config", "minutes"),
        help="Mend the field.",
        scenarios=("rollout", "controller-restart", "gateway-restart", "cold-start"),
        effects=("every scenario: excluded",),
    ),
    Finding(
        "excluded",
        "error",
        "Ingress shop/checkout is left out of the fallback configuration",
        "production",
        CHECKOUT,
        causes=(CAUSE,),
        scenarios=("rollout", "controller-restart", "gateway-restart", "cold-start"),
        effects=("every scenario: excluded, no traffic",),
    ),
    Finding("plugin-unused", "warning", "KongPlugin shop/old: 100% unused, [x](y) @all\nnext line", "production"),
    Finding("blocked", "error", "was broken before", "production", CHECKOUT, existing=True),
)

CHANGES = (
    RouteChange(
        CHECKOUT.ref,
        "modified",
        (
            EntityChange(
                "plugin",
                "rate-limiting",
                PLUGIN.ref,
                "modified",
                (FieldChange("config.minute", "60", None), FieldChange("config.minutes", None, "120")),
            ),
        ),
    ),
    RouteChange(
        obj("Ingress", "shop", "old", "").ref,
        "removed",
        (EntityChange("route", "shop.old.web.80", None, "removed", (FieldChange("hosts", "old.example.com", None),)),),
    ),
)


def options(version: tuple[int, int, int] = (3, 4, 3)) -> ControllerOptions:
    return ControllerOptions(version, behaviours(version), feature_gates(version) | {"FallbackConfiguration": True})


def place(subject: K8sObject, path: tuple[str | int, ...]) -> Place | None:
    return Place(subject.origin.file, 1 + 5 * len(path), 3) if subject.origin else None


def report(findings: tuple[Finding, ...] = FINDINGS, problems: tuple[Problem, ...] = ()) -> Report:
    predictions = (
        Prediction("*", PLUGIN, "modified", Outcome("excluded", "not-applicable", "none"), (CAUSE,)),
        Prediction("*", CHECKOUT, "unchanged", Outcome("excluded", "stale", "none"), (CAUSE,)),
        Prediction("rollout", SEARCH, "unchanged", Outcome("configured", "written", "new")),
        Prediction("controller-restart", SEARCH, "unchanged", Outcome("configured", "written", "new")),
        Prediction("gateway-restart", SEARCH, "unchanged", Outcome("configured", "written", "new")),
        Prediction("cold-start", SEARCH, "unchanged", Outcome("configured", "empty", "new"), (CAUSE,)),
    )
    target = TargetPrediction("production", predictions, findings, objects=4, changed=1, assumptions=("Secret x",))
    return Report(
        options(),
        ".gitops-kong.yaml:3",
        None,
        "main",
        (target,),
        problems,
        place,
        route_changes={"production": CHANGES},
    )


def large(count: int, hosts: bool = True) -> Report:
    """A report of `count` Ingresses in 50 namespaces, one of ten left out because of one plugin."""
    served, left_out = Outcome("configured", "written", "new"), Outcome("excluded", "stale", "none")
    predictions = []
    for i in range(count):
        rules = [{"host": f"route-{i}.team-{i % 50}.example.com"}] if hosts else []
        ingress = obj("Ingress", f"team-{i % 50}", f"route-{i}", f"apps/{i}.yaml")
        ingress = ingress.with_data({**ingress.data, "spec": {"rules": rules}})
        outcome, causes = (served, ()) if i % 10 else (left_out, (CAUSE,))
        predictions.append(Prediction("*", ingress, "unchanged", outcome, causes))
    one = report(())
    return replace(one, targets=(replace(one.targets[0], predictions=tuple(predictions), objects=count),))
