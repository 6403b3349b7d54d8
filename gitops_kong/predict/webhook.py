"""The controller's admission webhook in a change: what it refuses, and why it lets pass what the gateway refuses.

The model: the cluster runs base, whatever the webhook would have said of it. The webhook is called for the objects
that the change adds or modifies, one after another: by Argo CD's sync wave, then by kind in the order of Argo CD and
Helm, then by name. Objects that one looks up by name (a credential's Secret, a plugin's Secret, a Gateway) are there
in their new version, since a sync that fails on one that is not there yet is tried again; what must be unique is held
against base and what was applied before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from gitops_kong.apiserver.webhook.hooks import OWN, Hook, read_hooks, resource_of
from gitops_kong.apiserver.webhook.model import CONFIGURATION, Path, World
from gitops_kong.apiserver.webhook.review import review
from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.cluster.store import ObjectStore
from gitops_kong.controller.webhook_world import AdminApi, ReviewTranslator
from gitops_kong.gateway.catalogue import Catalogue
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.manifests.secrets import Scrubber
from gitops_kong.translate.context import ControllerPanic
from gitops_kong.translate.plugin_config import ContentUnknown

_OPERATIONS = ("CREATE", "UPDATE")
_WAVE = "argocd.argoproj.io/sync-wave"
_FIRST_KINDS = ("Secret", "Service", "Ingress")  # of the kinds that the webhook is called for; custom resources follow


@dataclass(frozen=True)
class WebhookSettings:
    """Whether the webhook is there (None where that is not known), and which objects the API server asks it about.

    `webhooks` are those of its ValidatingWebhookConfiguration, as they stand there; without any it is taken as the
    controller's own manifests have it.
    """

    installed: bool | None = None
    webhooks: Sequence[Mapping[str, Any]] = ()


class Objection(NamedTuple):
    """What the webhook has against an object: as `kubectl` prints it, the field, and the hook that said it.

    `sure` is false where it is not known whether the API server asks the webhook about the object.
    """

    message: str
    path: Path
    hook: Hook
    sure: bool = True


@dataclass(frozen=True)
class Webhook:
    """The webhook of one controller and gateway."""

    settings: WebhookSettings
    options: ControllerOptions
    catalogue: Catalogue

    def asked(
        self, before: Mapping[Ref, K8sObject], stored: Iterable[K8sObject], looked_up: Iterable[K8sObject]
    ) -> Asked:
        """The webhook over a cluster that had the objects `before` and gets `stored`."""
        return Asked(self, before, {**before, **{obj.ref: obj for obj in stored}}, tuple(looked_up))


class Asked:
    """What the webhook answers in one cluster."""

    def __init__(
        self,
        webhook: Webhook,
        before: Mapping[Ref, K8sObject],
        union: Mapping[Ref, K8sObject],
        looked_up: Sequence[K8sObject],
    ) -> None:
        self.settings = webhook.settings
        self._webhook = webhook
        self._before = before
        self._objects = union
        self._looked_up = looked_up
        self._all_hooks = read_hooks(webhook.settings.webhooks) or OWN
        self._hooks: dict[tuple[str, str], tuple[Hook, ...]] = {}
        self._store = ObjectStore((*union.values(), *looked_up))
        self._applied = _Applied(self._store, before.values())

    @cached_property
    def _world(self) -> World:
        options, catalogue = self._webhook.options, self._webhook.catalogue
        return World(
            self._applied,
            ReviewTranslator(self._store, options, catalogue),
            AdminApi(catalogue, options, _user_names(self._before.values(), options)),
            options.behaviours,
            options.ingress_class,
            options.gateway_controller_name,
            options.expression_routes,
        )

    @cached_property
    def _scrub(self) -> Scrubber:
        return Scrubber(self._store)

    def refusals(self) -> dict[Ref, Objection]:
        """The objects of the change that are refused."""
        refused: dict[Ref, Objection] = {}
        changed = (obj for ref, obj in self._objects.items() if self._may_ask(obj) and self._is_changed(ref))
        for obj in sorted(changed, key=_order):
            objection = self.objection(obj)
            if objection is not None and objection.sure:
                refused[obj.ref] = objection
            else:
                self._applied.apply(obj)
        return refused

    def objection(self, obj: K8sObject) -> Objection | None:
        """Why the webhook refuses `obj`, None where it lets it pass, is not asked, or too little is known."""
        if obj.content_unknown or not self._may_ask(obj):
            return None
        old = self._before.get(obj.ref) if self._is_changed(obj.ref) else None
        hook, sure = self._hook(obj, old)
        if hook is None:
            return None
        try:
            answer = review(obj, old, self._world)
        except (ContentUnknown, ControllerPanic):
            return None
        if answer.allowed or (answer.failed and hook.failure_policy == "Ignore"):
            return None
        message = self._scrub(answer.message)
        if answer.failed:
            told = f'Internal error occurred: failed calling webhook "{hook.name}": {message}'
        else:
            told = f'admission webhook "{hook.name}" denied the request: {message}'
        return Objection(told, answer.path, hook, sure)

    def note(self, obj: K8sObject) -> str:
        """One line on an object that comes to the gateway and is refused there: why the webhook does not stop it."""
        if not self._may_ask(obj):
            return f"The admission webhook lets every {obj.kind} pass: it is not called for it."
        hook, _ = self._hook(obj, None)
        if hook is None:
            why = "its labels or its namespace are none that the webhook is called for"
            return f"The admission webhook lets this {obj.kind} pass: {why}."
        objection = self.objection(obj)
        installed = self.settings.installed
        if objection is None:
            return (
                "The admission webhook lets it pass: it looks at the object alone, and only for part of what the"
                " gateway checks."
            )
        if installed is False:
            return "The admission webhook would refuse it, but it is off."
        if installed is None:
            return "The admission webhook would refuse it, if it is installed."
        if not objection.sure:
            return (
                "The admission webhook would refuse it, if it is called for it: its selectors ask for what is not known"
                f" here (the labels of Namespace {obj.namespace}, or a condition)."
            )
        return (
            "The admission webhook is not called for an object that is not changed: it was there before the webhook,"
            " or became invalid through another object."
        )

    def _may_ask(self, obj: K8sObject) -> bool:
        """Whether some hook is for objects of this kind."""
        return bool(self._hooks_of(obj.group, obj.kind))

    def _hooks_of(self, group: str, kind: str) -> tuple[Hook, ...]:
        known = self._hooks.get((group, kind))
        if known is None:
            resource = resource_of(kind)
            known = tuple(
                hook
                for hook in self._all_hooks
                if any(rule.fits(group, None, resource, operation) for rule in hook.rules for operation in _OPERATIONS)
            )
            self._hooks[group, kind] = known
        return known

    def _hook(self, obj: K8sObject, old: K8sObject | None) -> tuple[Hook | None, bool]:
        """The first hook that the API server calls for an object, and whether that is certain."""
        labels = self._namespace_labels.get(obj.namespace)
        perhaps: Hook | None = None
        for hook in self._hooks_of(obj.group, obj.kind):
            asks = hook.asks(obj, old, labels)
            if asks:
                return hook, True
            if asks is None and perhaps is None:
                perhaps = hook
        return perhaps, perhaps is None

    @cached_property
    def _namespace_labels(self) -> dict[str, Mapping[str, str]]:
        return {each.name: each.labels for each in self._looked_up if each.kind == "Namespace" and not each.group}

    def _is_changed(self, ref: Ref) -> bool:
        old, new = self._before.get(ref), self._objects.get(ref)
        if old is None or new is None or old is new:
            return old is None
        return old.metadata.get("resourceVersion") != new.metadata.get("resourceVersion")


class _Applied:
    """The cluster while a change is applied: by name everything, in lists base and what was applied so far."""

    def __init__(self, store: ObjectStore, before: Iterable[K8sObject]) -> None:
        self.get = store.get
        self._before = before
        self._lists: dict[tuple[str, str], dict[Ref, K8sObject]] | None = None

    def apply(self, obj: K8sObject) -> None:
        """Store an object that was let pass."""
        self._kinds()[obj.group, obj.kind][obj.ref] = obj

    def list(self, group: str, kind: str) -> Sequence[K8sObject]:
        """The objects of a kind that are there now."""
        return tuple(self._kinds()[group, kind].values())

    def _kinds(self) -> dict[tuple[str, str], dict[Ref, K8sObject]]:
        if self._lists is None:
            self._lists = defaultdict(dict)
            for obj in self._before:
                self._lists[obj.group, obj.kind][obj.ref] = obj
        return self._lists


def _order(obj: K8sObject) -> tuple[int, int, str, str, str]:
    kind = obj.kind
    first = _FIRST_KINDS.index(kind) if kind in _FIRST_KINDS else len(_FIRST_KINDS)
    try:
        wave = int(obj.annotations.get(_WAVE) or 0)
    except ValueError:
        wave = 0
    return wave, first, kind, obj.namespace, obj.name


def _user_names(objects: Iterable[K8sObject], options: ControllerOptions) -> frozenset[str]:
    """The consumers that the gateway runs before the change."""
    return frozenset(
        obj.data.get("username") or ""
        for obj in objects
        if obj.kind == "KongConsumer"
        and obj.group == CONFIGURATION
        and obj.annotations.get("kubernetes.io/ingress.class") == options.ingress_class
    ) - {""}
