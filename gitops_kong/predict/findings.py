"""What a person must know of the predictions: causes first, then what follows from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from gitops_kong.cluster.options import ControllerOptions
from gitops_kong.controller.loop import Push
from gitops_kong.manifests.objects import K8sObject, Ref
from gitops_kong.predict.cluster_state import ClusterState
from gitops_kong.predict.foreign import for_another, meant_for_another
from gitops_kong.predict.kinds import ROUTE_KINDS, STATUS_KINDS
from gitops_kong.predict.losses import Loss, losses
from gitops_kong.predict.model import PLAIN, CaughtBy, Cause, Finding, Outcome, Scenario
from gitops_kong.predict.outcomes import LifeReader, Verdict
from gitops_kong.predict.remarks import remarks
from gitops_kong.predict.rules import GUARD_PLUGINS, RULES
from gitops_kong.predict.suggestions import nearest_field
from gitops_kong.predict.wording import effects, status_field, subject, when
from gitops_kong.translate.state import GatewaySchemas

_NAMED_ROUTES = 3
REQUIRED = "required field missing"

Verdicts = Mapping[Scenario, Mapping[Ref, Verdict]]


def findings(
    target: str,
    readers: Mapping[Scenario, LifeReader],
    verdicts: Verdicts,
    before: Verdicts | None,
    head: ClusterState,
    schemas: GatewaySchemas,
    options: ControllerOptions,
    base: ClusterState | None = None,
) -> Iterator[Finding]:
    """All findings of one target; `before` are the verdicts on the base alone, where there is one."""
    maker = _Maker(target, readers, verdicts, before, head, schemas, options, base)
    yield from maker.refused_by_api()
    yield from maker.refused_by_gateway()
    yield from maker.blocked()
    yield from maker.objects()
    yield from maker.plugins()
    yield from maker.losses()
    yield from maker.falsely_blamed()
    yield from maker.not_verified()
    yield from remarks(target, head, base, options)


class _Maker:
    def __init__(
        self,
        target: str,
        readers: Mapping[Scenario, LifeReader],
        verdicts: Verdicts,
        before: Verdicts | None,
        head: ClusterState,
        schemas: GatewaySchemas,
        options: ControllerOptions,
        base: ClusterState | None,
    ) -> None:
        self.target = target
        self.readers = readers
        self.verdicts = verdicts
        self.before = before
        self.head = head
        self.schemas = schemas
        self.options = options
        self.base = base

    def refused_by_api(self) -> Iterator[Finding]:
        """Manifests that the API server does not store."""
        for ref, answer in self.head.refused.items():
            outcomes = self._outcomes(ref, self.verdicts)
            message, path = answer.refusals[0]
            more = tuple(text for text, _ in answer.refusals[1:])
            who = "The admission webhook" if answer.by_webhook else "The API server"
            if answer.ignorable:
                more = (*more, "With failurePolicy Ignore it is stored all the same while the webhook is not reached.")
            by: CaughtBy = "webhook" if answer.by_webhook else "API server"
            yield self._finding(
                "api-rejected", answer.object, f"{who} refuses {ref}: {message}", outcomes, path, extra=more, by=by
            )

    def refused_by_gateway(self) -> Iterator[Finding]:
        """The objects that the gateway refuses, or the whole configuration because of them: where to mend."""
        named: dict[Ref, tuple[Cause, ...]] = {}
        blamed: dict[Ref, tuple[Cause, ...]] = {}
        for reader in self.readers.values():
            named = {**reader.refusals.by_object, **named}
            blamed = {**reader.refusals.blamed, **blamed}
        for ref, causes in named.items():
            yield self._refused(causes, f"Kong refuses {ref}")
        for ref, causes in blamed.items():
            yield self._refused(causes, f"Kong refuses the whole configuration because of {ref}")

    def _refused(self, causes: tuple[Cause, ...], message: str) -> Finding:
        obj = causes[0].object
        near = nearest_field(causes[0], self.schemas)
        return self._finding(
            "gateway-rejected",
            obj,
            f"{message}: {causes[0].message}" + (f"; did you mean {near}?" if near else ""),
            self._outcomes(obj.ref, self.verdicts),
            causes[0].path,
            extra=(*(cause.message for cause in causes[1:]), *self._note(obj)),
            by="gateway",
        )

    def _note(self, obj: K8sObject) -> tuple[str, ...]:
        """What the admission webhook has to do with an object that nobody refuses before."""
        return (self.head.webhook.note(obj),) if self.head.webhook is not None else ()

    def blocked(self) -> Iterator[Finding]:
        """That nothing new reaches the gateway: said once, not for every object."""
        stopped = {s: r for s, r in self.readers.items() if r.blocked}
        if not stopped:
            return
        first = next(iter(stopped.values()))
        causes = next((r.refusals.causes for r in stopped.values() if r.refusals.causes), ())
        unnamed = next((r.refusals.unnamed for r in stopped.values() if r.refusals.unnamed), ())
        root = causes[0].object if causes else None
        crash = first.life.crash
        if crash is not None:
            root = next(iter(crash.objects), None)
            rule = "controller-crash"
            message = f"The controller crashes on {root.ref}: {crash}" if root else f"The controller crashes: {crash}"
        elif root is not None:
            rule, message = (
                "blocked",
                f"Nothing new reaches the gateway because of {root.ref}" + _and_more(len(causes) - 1),
            )
        else:
            what = "; ".join(unnamed)
            rule, message = (
                "blocked",
                f"Nothing new reaches the gateway; the object that it comes from is unknown: {what}",
            )
        yield Finding(
            rule,
            RULES[rule].severity,
            message,
            self.target,
            root,
            causes[0].path if causes else (),
            causes,
            RULES[rule].remediation if crash is not None else self._mend(first),
            tuple(stopped),
            (*_no_help(first), *self._routes(stopped)),
            existing=root is not None and self._existing(root.ref, stopped),
        )

    @staticmethod
    def _mend(reader: LifeReader) -> str:
        """Without the gate where it is on, or where it would not help."""
        helps = not reader.fallback_on and reader.refusals.by_object
        return RULES["blocked"].remediation if helps else "Mend the broken object."

    def _routes(self, stopped: Mapping[Scenario, LifeReader]) -> Iterator[str]:
        lines: dict[str, list[Scenario]] = {}
        for scenario in stopped:
            traffic = Counter(
                v.outcome.traffic
                for ref, v in self.verdicts[scenario].items()
                if ref.kind in ROUTE_KINDS and v.outcome.configuration == "blocked"
            )
            parts = []
            if traffic["last-valid"]:
                parts.append(f"{_routes(traffic['last-valid'])} served as before")
            if traffic["none"]:
                parts.append(f"{_routes(traffic['none'])} not served")
            lines.setdefault(", ".join(parts) or "no route is concerned", []).append(scenario)
        for line, scenarios in lines.items():
            yield f"{when(scenarios)}: {line}"

    def objects(self) -> Iterator[Finding]:
        """What follows for single objects: left out, filled back, not translated, a status that lies."""
        untranslated = frozenset[Ref]().union(*(reader.untranslated for reader in self.readers.values()))
        different = {id(found): found for found in self.verdicts.values()}.values()
        for ref, obj in self.head.stored.items():
            if ref in self.head.refused:
                continue
            if ref in untranslated or not all(found[ref].outcome in PLAIN for found in different):
                yield from self._object(ref, obj)

    def _object(self, ref: Ref, obj: K8sObject) -> Iterator[Finding]:
        yield from self._untranslatable(ref, obj)
        by_configuration: dict[str, dict[Scenario, Verdict]] = {}
        for scenario, found in self.verdicts.items():
            verdict = found[ref]
            by_configuration.setdefault(verdict.outcome.configuration, {})[scenario] = verdict
        for configuration, held in by_configuration.items():
            if configuration in ("excluded", "backfilled") and ref.kind in STATUS_KINDS:
                if not any(c.object.ref == ref for v in held.values() for c in v.causes):
                    what = (
                        "left out with what it needs"
                        if configuration == "excluded"
                        else "served in its last valid version"
                    )
                    yield self._held(configuration, obj, f"{ref}: {what}", held)
            elif configuration == "configured":
                yield from self._status(ref, obj, held)
            elif configuration == "ignored" and ref.kind in ROUTE_KINDS:
                yield self._not_taken_in(obj, held)

    def _not_taken_in(self, obj: K8sObject, held: Mapping[Scenario, Verdict]) -> Finding:
        finding = self._held("not-taken-in", obj, f"{obj.ref}: not taken in: {_first_message(held)}", held)
        before = self.base is not None and obj.ref in self.base.left_out
        finding = replace(finding, existing=finding.existing or before)
        return meant_for_another(finding) if for_another(obj, self.head, self.options) else finding

    def _untranslatable(self, ref: Ref, obj: K8sObject) -> Iterator[Finding]:
        """What is wrong with an object itself, also where others keep the gateway from ever getting it: it would be the
        next thing to find once they are mended.
        """
        held = {
            scenario: found[ref]
            for scenario, found in self.verdicts.items()
            if found[ref].outcome.configuration == "translation-failed" or ref in self.readers[scenario].untranslated
        }
        if held:
            known = next((v.causes for v in held.values() if v.outcome.configuration == "translation-failed"), ())
            causes = known or (self.readers[next(iter(held))].untranslated[ref],)
            message = f"{ref}: {causes[0].message}"
            yield self._held("translation-failed", obj, message, held, "translation", causes)

    def _status(self, ref: Ref, obj: K8sObject, held: Mapping[Scenario, Verdict]) -> Iterator[Finding]:
        for status in ("empty", "stale"):
            lying = {s: v for s, v in held.items() if v.outcome.status == status}
            if not lying:
                continue
            what = "stays empty" if status == "empty" else "keeps its old value"
            message = f"{ref}: {subject(ref.kind)}, but {status_field(ref.kind)} {what}"
            yield self._held(f"status-{status}", obj, message, lying)

    def plugins(self) -> Iterator[Finding]:
        """Plugins that are missing from what the gateway runs while it serves routes."""
        lost: dict[Ref, list[Scenario]] = {}
        for scenario, reader in self.readers.items():
            if reader.runs != "last-valid" or not self._serves_routes(reader):
                continue
            for ref, count in reader.served_before.items():
                if ref.kind in ("KongPlugin", "KongClusterPlugin") and reader.served[ref] < count:
                    lost.setdefault(ref, []).append(scenario)
        for ref, scenarios in lost.items():
            obj = self.head.stored.get(ref)
            if obj is not None:
                yield self._plugin_lost(obj, scenarios, self.readers[scenarios[0]].refusals.causes)
        for ref, obj in self.head.stored.items():
            if ref.kind in ("KongPlugin", "KongClusterPlugin") and self._guards(obj):
                untranslated = self._untranslated(ref)
                if untranslated:
                    yield self._plugin_lost(obj, untranslated, self.verdicts[untranslated[0]][ref].causes)

    def _untranslated(self, ref: Ref) -> list[Scenario]:
        """Where the controller cannot translate a plugin and serves the routes that ask for it all the same."""
        return [
            scenario
            for scenario, reader in self.readers.items()
            if self.verdicts[scenario][ref].outcome.configuration == "translation-failed"
            and not reader.served[ref]
            and self._serves_routes(reader)
        ]

    @staticmethod
    def _guards(obj: K8sObject) -> bool:
        """Whether a plugin authenticates, authorizes or limits requests."""
        return obj.data.get("plugin") in GUARD_PLUGINS

    def _plugin_lost(self, obj: K8sObject, scenarios: list[Scenario], causes: tuple[Cause, ...]) -> Finding:
        rule = "guard-lost" if self._guards(obj) else "plugin-lost"
        routes = self._unguarded(obj, self.readers[scenarios[0]])
        named = ", ".join(map(str, routes[:_NAMED_ROUTES]))
        more = f" and {len(routes) - _NAMED_ROUTES} more" if len(routes) > _NAMED_ROUTES else ""
        return Finding(
            rule,
            RULES[rule].severity,
            f"Routes are served without the {obj.data['plugin']} plugin of {obj.ref}",
            self.target,
            obj,
            causes=causes,
            help=RULES[rule].remediation,
            scenarios=tuple(scenarios),
            effects=(f"{when(scenarios)}: {_routes(len(routes))} served without it: {named}{more}",),
            existing=self._existing(obj.ref, scenarios),
        )

    @staticmethod
    def _unguarded(obj: K8sObject, reader: LifeReader) -> list[Ref]:
        """The routes that are served without a plugin: those that ask for it, else all (a global or a consumer's)."""
        served = sorted(ref for ref in reader.served if ref.kind in ROUTE_KINDS)
        asking = {dependant.ref for dependant in reader.dependants(obj)}
        return [ref for ref in served if ref in asking] or served

    def losses(self) -> Iterator[Finding]:
        """What else a configuration read back from a gateway does not carry as it was."""
        lost: dict[Loss, list[Scenario]] = {}
        for scenario, reader in self.readers.items():
            if reader.runs == "last-valid":
                for loss in losses(reader.life.ran or {}, reader.life.running or {}, reader.life.store):
                    lost.setdefault(loss, []).append(scenario)
        for loss, scenarios in lost.items():
            obj = self.head.stored.get(loss.object)
            if obj is not None:
                held = {s: self.verdicts[s][loss.object] for s in scenarios}
                causes = next((r for s in scenarios if (r := self.readers[s].refusals.causes)), ())
                yield self._held(loss.rule, obj, f"{loss.object} {loss.what}", held, causes=causes)

    def falsely_blamed(self) -> Iterator[Finding]:
        """Certificates that Kong reports beside the error that counts, although nothing is wrong with them."""
        scenarios = tuple(s for s, r in self.readers.items() if any(map(_blames_certificates, r.life.refused)))
        if scenarios and any(self.readers[s].refusals.by_object for s in scenarios):
            rule = RULES["certificate-blamed-falsely"]
            message = "The controller also logs `certificate: required field missing`: the certificates are fine"
            yield Finding(rule.id, rule.severity, message, self.target, help=rule.remediation, scenarios=scenarios)

    def not_verified(self) -> Iterator[Finding]:
        """What the gateway is taken to accept because there is no schema to judge it by."""
        pushes = (push for reader in self.readers.values() for push in reader.life.record.pushes)
        rule = RULES["not-verified"]
        unverified = dict.fromkeys(text for push in pushes for text in push.answer.unverified)
        same = bool(unverified) and self.base is not None and self.base.stored == self.head.stored
        for what in unverified:
            message = f"Not verified: {what}"
            yield Finding(rule.id, rule.severity, message, self.target, help=rule.remediation, existing=same)

    @staticmethod
    def _serves_routes(reader: LifeReader) -> bool:
        return any(ref.kind in ROUTE_KINDS for ref in reader.served)

    def _held(
        self,
        rule: str,
        obj: K8sObject,
        message: str,
        held: Mapping[Scenario, Verdict],
        by: CaughtBy | None = None,
        causes: tuple[Cause, ...] = (),
    ) -> Finding:
        outcomes = {s: v.outcome for s, v in held.items()}
        causes = causes or next((v.causes for v in held.values() if v.causes), ())
        return self._finding(rule, obj, message, outcomes, causes=causes, extra=self._note(obj) if by else (), by=by)

    def _finding(
        self,
        rule: str,
        obj: K8sObject,
        message: str,
        outcomes: Mapping[Scenario, Outcome],
        path: tuple[str | int, ...] = (),
        causes: tuple[Cause, ...] = (),
        extra: Iterable[str] = (),
        by: CaughtBy | None = None,
    ) -> Finding:
        return Finding(
            rule,
            RULES[rule].severity,
            message,
            self.target,
            obj,
            path,
            causes,
            RULES[rule].remediation,
            tuple(outcomes),
            (*extra, *effects(obj.kind, outcomes)),
            existing=self._existing(obj.ref, outcomes),
            caught_by=by,
        )

    @staticmethod
    def _outcomes(ref: Ref, verdicts: Verdicts) -> dict[Scenario, Outcome]:
        return {s: found[ref].outcome for s, found in verdicts.items() if ref in found}

    def _existing(self, ref: Ref, scenarios: Iterable[Scenario]) -> bool:
        """Whether the base alone came to the same outcome for the object in all these scenarios."""
        if self.before is None:
            return False
        for scenario in scenarios:
            old, new = self.before[scenario].get(ref), self.verdicts[scenario].get(ref)
            if old is None or new is None or old.outcome != new.outcome:
                return False
        return True


def _first_message(held: Mapping[Scenario, Verdict]) -> str:
    return next((c.message for v in held.values() for c in v.causes), "")


def _blames_certificates(push: Push) -> bool:
    """Kong 3.8's error for a server name that does not name its certificate: an entity of which it knows nothing."""
    return any(
        error.get("entityType") == "certificate"
        and not error.get("entityTags")
        and any(e.get("type") == "entity" and e.get("message") == REQUIRED for e in error.get("errors") or ())
        for error in push.answer.errors
    )


def _no_help(reader: LifeReader) -> Iterator[str]:
    """That the feature gate would not change anything, where the gateway names no object."""
    if reader.life.crash is None and reader.refusals.unnamed and not reader.refusals.by_object:
        yield "Kong refuses the whole configuration and names no object, so FallbackConfiguration does not help"


def _and_more(count: int) -> str:
    return f" and {count} more" if count else ""


def _routes(count: int) -> str:
    return "1 route" if count == 1 else f"{count} routes"
