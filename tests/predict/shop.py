"""One small cluster, healthy and broken, and a prediction of the change from one to the other."""

from collections.abc import Sequence

from gitops_kong.apiserver.admission import ApiServer
from gitops_kong.cluster.intake import take_in
from gitops_kong.controller.gateways import RejectRule, RulesGateway
from gitops_kong.controller.schema_gateway import SchemaGateway
from gitops_kong.controller.settings import controller_options
from gitops_kong.gateway.catalogue import load
from gitops_kong.manifests.objects import K8sObject
from gitops_kong.manifests.yaml import read_objects
from gitops_kong.predict.cluster_state import Admission, cluster_state
from gitops_kong.predict.life import World
from gitops_kong.predict.model import Prediction, TargetPrediction
from gitops_kong.predict.scenarios import predict
from gitops_kong.translate.build import translate


def ingress(name: str, service: str = "web", annotations: str = "{}") -> str:
    backend = f"{{service: {{name: {service}, port: {{number: 80}}}}}}"
    return f"""
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: shop, annotations: {annotations}}}
spec:
  ingressClassName: kong
  rules:
  - host: {name}.example.com
    http: {{paths: [{{path: /, pathType: Prefix, backend: {backend}}}]}}
"""


def service(name: str) -> str:
    return f"""
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{ports: [{{port: 80}}]}}
"""


LIMIT_PLUGIN = """
---
apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: limit, namespace: shop}
plugin: rate-limiting
config: {minute: 5}
"""
GLOBAL = """
---
apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata: {name: login, labels: {global: "true"}, annotations: {kubernetes.io/ingress.class: kong}}
plugin: key-auth
"""
HEALTHY = service("web") + ingress("good")
GUARDED = service("paid") + LIMIT_PLUGIN + ingress("bad", "paid", "{konghq.com/plugins: limit}")
NEW = ingress("new")


def broken(text: str) -> str:
    return text.replace("minute:", "minutes:")


def objects(text: str) -> list[K8sObject]:
    return read_objects(text.encode(), "shop.yaml")


class Gateway(RulesGateway):
    """Refuses a rate-limiting plugin whose configuration has `minutes`."""

    def judge(self, config, push):  # type: ignore[no-untyped-def]
        if "'minutes'" not in str(config):
            return super().judge(config, 0).__class__(201)
        return super().judge(config, push)


LIMIT = RejectRule("plugin", "KongPlugin", "shop", "limit", {"config.minutes": "unknown field"})


def run(
    head: str,
    base: str | None,
    version: str,
    *,
    gate: bool = True,
    last_valid: bool = False,
    schemas: bool = False,
    scenarios: Sequence[str] = ("rollout", "controller-restart", "gateway-restart", "cold-start"),
) -> TargetPrediction:
    options = controller_options(
        version,
        feature_gates={"FallbackConfiguration": gate},
        use_last_valid_config_for_fallback=last_valid,
    )
    server = ApiServer(options.version)

    def admit(obj: K8sObject, _: K8sObject | None) -> Admission:
        return Admission(server.prepare(obj))

    before = cluster_state(objects(base), options, admit, take_in) if base is not None else None
    after = cluster_state(objects(head), options, admit, take_in, before)
    catalogue = load("3.9")
    served = catalogue.schemas_for(options)
    gateway = SchemaGateway(catalogue, options, served) if schemas else Gateway((LIMIT,), served)
    return predict("t", before, after, World(options, gateway, translate), scenarios)  # type: ignore[arg-type]


def outcomes(predicted: TargetPrediction, name: str) -> dict[str, str]:
    """`configuration status traffic` of one object by scenario."""

    def text(prediction: Prediction) -> str:
        return " ".join(prediction.outcome)

    return {p.scenario: text(p) for p in predicted.predictions if p.object.name == name}
