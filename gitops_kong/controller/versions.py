"""Every difference between controller versions, as one table.

A row is a behaviour that some versions have: `since` is the first version with it, `until` the first without it
again (`None`: open). Other packages get `behaviours(version)` in their options and ask for a row by its name; they
never compare versions. Sources are named by KIC's file and function, or by its pull request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Version = tuple[int, int, int]

OLDEST: Version = (3, 2, 0)
NEWEST_KNOWN: Version = (3, 5, 13)
NEWEST_PATCHES: Mapping[tuple[int, int], int] = {(3, 2): 4, (3, 3): 1, (3, 4): 20, (3, 5): 13}


class Behaviour(NamedTuple):
    """One difference: the versions in [since, until) have it.

    What went into two release lines has a row for each: a version has a behaviour when any row of that name says so.
    """

    name: str
    since: Version | None
    until: Version | None
    effect: str


BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour(
        "fallback-reports-objects",
        (3, 4, 4),
        None,
        "Objects in an accepted fallback configuration are reported as configured; before, nothing is reported after"
        " a fallback push (KongClient.Update; issue 7172, pull request 7306).",
    ),
    # The update loop.
    Behaviour(
        "server-errors-not-recovered",
        (3, 2, 1),
        None,
        "An answer other than 400 is no rejection: nothing is recovered; before, the last valid configuration was"
        " pushed (UpdateStrategyInMemory.Update).",
    ),
    Behaviour(
        "snapshot-checks-gateways",
        (3, 2, 2),
        None,
        "With FallbackConfiguration, an unchanged cache ends the run only where every gateway has it; before, always: a"
        " gateway that restarted stayed empty, and what was rejected was not tried again (KongClient.Update).",
    ),
    Behaviour(
        "programmed-kept-when-unknown",
        (3, 2, 4),
        None,
        "A condition Programmed is not changed when the object becomes Unknown; before, it became False, Pending"
        " (EnsureProgrammedCondition).",
    ),
    Behaviour(
        "failures-logged-for-debugging-only",
        (3, 4, 0),
        None,
        "Failures of objects are logged at the debug level; before, as errors (recordResourceFailureEvents).",
    ),
    Behaviour(
        "untagged-errors-logged-in-full",
        (3, 4, 0),
        None,
        "An error of an entity whose tags name no object is logged with its tags, and that there is no Event for it;"
        " before, as `Entity tags missing fields` (parseFlatEntityErrors).",
    ),
    Behaviour(
        "config-status-on-change-only",
        None,
        (3, 3, 0),
        "Konnect's node status is told only where it differs from the last one (KongClient.updateConfigStatus).",
    ),
    Behaviour(
        "fallback-needs-snapshot",
        (3, 4, 0),
        None,
        "A run that finds the cache unchanged does not fall back, because it has no snapshot; before, it panicked"
        " (CacheStores.Available, tryRecoveringWithFallbackConfiguration, CacheToGraph).",
    ),
    Behaviour(
        "fallback-custom-entity-parents",
        (3, 3, 0),
        None,
        "A KongCustomEntity depends on the plugin in its parentRef (resolveKongCustomEntityDependencies).",
    ),
    # What the cache holds.
    Behaviour(
        "backend-tls-policies",
        (3, 4, 0),
        None,
        "BackendTLSPolicies and ConfigMaps are held (store.CacheStores).",
    ),
    Behaviour(
        "control-plane-references",
        (3, 4, 0),
        None,
        "KongConsumers, KongConsumerGroups and KongVaults whose controlPlaneRef is not `kic` are passed over"
        " (GenerateCPReferenceMatchesPredicate).",
    ),
    Behaviour(
        "upstream-policies-of-used-services-only",
        (3, 3, 0),
        None,
        "A KongUpstreamPolicy is read only when a Service that names it is a backend in a rule of a matching Ingress or"
        " an HTTPRoute (upstreamPolicyUsedByBackendsOfMatchingClass).",
    ),
    Behaviour(
        "all-secrets",
        (3, 4, 0),
        None,
        "Without --secret-label-selector every Secret is read, because an empty label selector matches all; before,"
        " those with a label or a reference (CoreV1SecretReconciler.SetupWithManager).",
    ),
    Behaviour(
        "credentials-by-supported-label",
        (3, 4, 4),
        None,
        "With --secret-label-selector a Secret's konghq.com/credential counts only with a type that the controller"
        " supports; before, with any (CoreV1SecretReconciler.shouldReconcileSecret).",
    ),
    Behaviour(
        "cache-loads-gateways",
        (3, 4, 0),
        None,
        "Gateways can be loaded into the cache from manifests (store.mkObjFromGVK); reconcilers add them in every"
        " version.",
    ),
    # Gateway API and L4 kinds.
    Behaviour(
        "httproute-services-by-backends",
        (3, 4, 0),
        None,
        "HTTPRoutes become Kong services by groups of rules with equal backends in both router flavours, one error does"
        " not stop the rest, and timeouts are per group; before, expression routes had a service per hostname and rule,"
        " and the last timeout of an HTTPRoute held for all of its services"
        " (subtranslator.TranslateHTTPRoutesToKongstateServices).",
    ),
    Behaviour(
        "extension-plugins-of-whole-route",
        (3, 2, 3),
        (3, 4, 0),
        "A KongPlugin that one rule's ExtensionRef names is bound to all Kong routes of the HTTPRoute if that has"
        " annotations: they share one map (util.FromK8sObject).",
    ),
    Behaviour(
        "redirect-plugin",
        (3, 4, 0),
        None,
        "A RequestRedirect filter becomes the redirect plugin where the gateway has it, from 3.9 on"
        " (generateRequestRedirectUsingRedirectKongPlugin, versions.KongRedirectPluginCutoff).",
    ),
    Behaviour(
        "scenario-redirect-plugin",
        (3, 5, 0),
        None,
        "A scenario file that does not say SupportRedirectPlugin has it from gateway 3.9 on; before, it is off there,"
        " although the controller itself turns it on from 3.4 on (translator.NewFeatureFlags in 3.4 and in 3.5).",
    ),
    Behaviour(
        "redirect-without-default-port",
        (3, 4, 0),
        None,
        "A redirect's Location has no port unless the filter names one; before, port 80"
        " (schemeHostPortFromHTTPPathModifier).",
    ),
    Behaviour(
        "transformer-header-without-blank",
        (3, 4, 0),
        None,
        "Headers of filters are written `name:value`, or `name` where the value is empty; before, the redirect's was"
        " `Location: value` and an empty value left the colon (subtranslator.NewHeader).",
    ),
    Behaviour(
        "filter-plugins-tagged",
        (3, 4, 0),
        None,
        "Plugins made from HTTPRoute filters have the HTTPRoute's tags (generatePluginsFromHTTPRouteFilters).",
    ),
    Behaviour(
        "named-route-rule-tags",
        (3, 4, 0),
        None,
        "Names of rules become `k8s-named-route-rule:` tags of routes (util.AdditionalTagsK8sNamedRouteRule).",
    ),
    Behaviour(
        "cors-filter-refused",
        (3, 4, 5),
        None,
        "A CORS filter is an error of the HTTPRoute; before, it was passed over (generatePluginsFromHTTPRouteFilters).",
    ),
    Behaviour(
        "unknown-filter-refused",
        (3, 5, 0),
        None,
        "Every filter of an unknown type is an error of the HTTPRoute (generatePluginsFromHTTPRouteFilters).",
    ),
    Behaviour(
        "rewrite-prefix-keeps-other-matchers",
        (3, 4, 4),
        None,
        "With expression routes, a ReplacePrefixMatch rewrite changes only the path's predicate; before, it replaced"
        " the whole expression (pathMatcherFromHTTPPathMatch).",
    ),
    *(
        Behaviour(
            "route-protocols-from-listeners",
            since,
            until,
            "Protocols of HTTPRoutes' Kong routes, and of GRPCRoutes' expression routes, follow the Gateway's listeners"
            " (protocolsFromHTTPRoutesGatewayListeners, getProtocolsForKongRoute).",
        )
        for since, until in (((3, 4, 14), (3, 5, 0)), ((3, 5, 7), None))
    ),
    *(
        Behaviour(
            "gateway-expression-routes-http-https",
            since,
            until,
            "Expression routes of HTTPRoutes, and even of GRPCRoutes, have the protocols http and https; before, none"
            " (kongExpressionRouteFromHTTPRouteMatchWithPriority,"
            " KongExpressionRouteFromSplitGRPCRouteMatchWithPriority).",
        )
        for since, until in (((3, 4, 12), (3, 4, 14)), ((3, 5, 5), (3, 5, 7)))
    ),
    *(
        Behaviour(
            "no-termination-on-l4-services",
            since,
            until,
            "A service without backends gets request-termination only where its protocol is http or grpc; before, L4"
            " services got it too (generateKongServiceFromBackendRefWithName).",
        )
        for since, until in (((3, 4, 9), (3, 5, 0)), ((3, 5, 2), None))
    ),
    *(
        Behaviour(
            "gateway-certificates-by-class",
            since,
            until,
            "Certificates are taken only from Gateways whose GatewayClass names this controller, and listeners need to"
            " be Programmed only where that class is unmanaged; before, every Gateway's programmed listeners"
            " (getGatewayCerts).",
        )
        for since, until in (((3, 4, 9), (3, 5, 0)), ((3, 5, 2), None))
    ),
    Behaviour(
        "resolved-refs-message",
        (3, 4, 0),
        None,
        "The condition ResolvedRefs of HTTPRoutes has a message (getHTTPRouteRuleReason).",
    ),
    Behaviour(
        "route-parents-tell-refusals",
        (3, 4, 3),
        None,
        "GRPCRoutes, TCPRoutes, TLSRoutes and UDPRoutes that no listener takes have Accepted false; before, it is"
        " always true, other than for HTTPRoutes (gatewayParentStatusForRoute).",
    ),
    *(
        Behaviour(
            "gateway-certificates-need-grant",
            since,
            until,
            "A listener's Secret of another namespace needs a ReferenceGrant (getGatewayCerts).",
        )
        for since, until in (((3, 4, 14), (3, 5, 0)), ((3, 5, 7), None))
    ),
    # Ingress, Services, upstreams
    Behaviour(
        "annotation-lists-trimmed",
        (3, 4, 0),
        None,
        "Items of comma separated annotations lose surrounding space, empty items are dropped, methods are upper-cased"
        " (annotations.extractCommaDelimitedStrings); before, they are taken as written.",
    ),
    Behaviour(
        "service-tls-verification",
        (3, 4, 0),
        None,
        "Services take tls-verify, tls-verify-depth and ca-certificates-* annotations, and BackendTLSPolicies"
        " (ingressRules.handleServiceCACertificates, handleBackendTLSPolices).",
    ),
    Behaviour(
        "cluster-domain-in-service-address",
        (3, 4, 0),
        None,
        "The target of an upstream service ends in the cluster domain (translator.getEndpoints).",
    ),
    *(
        Behaviour(
            "ingress-protocols-only-when-annotated",
            since,
            until,
            "A route of an Ingress has protocols only if its annotation names some (ingressRouteProtocols);"
            " before, http and https.",
        )
        for since, until in (((3, 4, 14), (3, 5, 0)), ((3, 5, 7), None))
    ),
    *(
        Behaviour(
            "ingress-expressions-with-protocols",
            since,
            until,
            "Expression routes of Ingresses have protocols as traditional routes do; before, none"
            " (subtranslator.translateIntoKongExpressionRoute).",
        )
        for since, until in (((3, 4, 12), (3, 5, 0)), ((3, 5, 5), None))
    ),
    Behaviour(
        "rewrite-looks-at-every-route",
        (3, 4, 0),
        None,
        "konghq.com/rewrite is looked up on every route of a service; before, the first route without it ends the"
        " search (subtranslator.MaybeRewriteURI).",
    ),
    Behaviour(
        "drain-support",
        (3, 5, 0),
        None,
        "Terminating endpoints may stay as targets of weight 0 (translator.getEndpoints, flag enable-drain-support).",
    ),
    Behaviour(
        "sticky-sessions",
        (3, 5, 0),
        None,
        "KongUpstreamPolicy stickySessions (kongstate.TranslateKongUpstreamPolicy).",
    ),
    Behaviour(
        "hash-fallback-cookie",
        (3, 4, 8),
        None,
        "The cookie of hashOnFallback is used where hashOn has none (kongstate.translateHashOnCookie).",
    ),
    *(
        Behaviour(
            "healthcheck-threshold",
            since,
            until,
            "KongUpstreamPolicy healthchecks.threshold (kongstate.translateThreshold).",
        )
        for since, until in (((3, 4, 10), (3, 5, 0)), ((3, 5, 3), None))
    ),
    # Certificates
    Behaviour(
        "negative-serial-numbers",
        None,
        (3, 4, 0),
        "Certificates may have a negative serial number: the controller was built for Go 1.22 (x509negativeserial).",
    ),
    Behaviour(
        "client-certificate-of-merged-secrets",
        (3, 3, 0),
        None,
        "A service's client certificate is the one that its Secret was merged into (translator.mergeCerts).",
    ),
    *(
        Behaviour(
            "certificate-tags",
            since,
            until,
            "Certificates carry their tags (deckgen.GetFCertificateFromKongCert).",
        )
        for since, until in (((3, 4, 17), (3, 5, 0)), ((3, 5, 10), None))
    ),
    *(
        Behaviour(
            "sni-names-certificate",
            since,
            until,
            "An SNI names the certificate that it stands in (deckgen.getCertsSNIs).",
        )
        for since, until in (((3, 4, 0), (3, 4, 12)), ((3, 4, 13), (3, 5, 5)), ((3, 5, 6), None))
    ),
    Behaviour(
        "ca-certificates-in-config-maps",
        (3, 4, 0),
        None,
        "CA certificates may stand in ConfigMaps and under the key ca.crt, need no class; failures speak of a secret"
        " CA certificate (translate_cacerts.go, Store.ListCACerts).",
    ),
    *(
        Behaviour(
            "ca-certificate-alone-in-its-file",
            since,
            until,
            "A CA certificate must be the only PEM block, and is written anew (toKongCACertificate).",
        )
        for since, until in (((3, 4, 10), (3, 5, 0)), ((3, 5, 3), None))
    ),
    *(
        Behaviour(
            "ca-certificate-of-oldest",
            since,
            until,
            "Of CA certificates with the same id only that of the oldest object is translated (getCACerts).",
        )
        for since, until in (((3, 4, 18), (3, 5, 0)), ((3, 5, 11), None))
    ),
    # Plugins, consumers, custom entities
    Behaviour(
        "plugin-references-checked",
        (3, 4, 0),
        None,
        "A plugin that does not exist, or is of another namespace without a grant, is a failure of the objects that"
        " name it, and items of konghq.com/plugins that are blank or start or end with a colon are dropped; before,"
        " the first two were only logged (KongState.getPluginRelations, metadata.ExtractPluginsNamespacedNames).",
    ),
    Behaviour(
        "ingress-routes-have-kind",
        (3, 3, 0),
        None,
        "Routes of an Ingress's rules know that their parent is an Ingress; before, no grant let them use a plugin of"
        " another namespace (subtranslator.ingressTranslationMeta.translateIntoKongRoute, K8sObjectInfo).",
    ),
    Behaviour(
        "instance-name-of-all-scopes",
        (3, 4, 0),
        None,
        "The suffix of a plugin's instance name is hashed from all that the instance is bound to; before, from the"
        " last of service, route, consumer and group (kongstate.buildPlugins).",
    ),
    Behaviour(
        "root-patch-refuses-scalars",
        (3, 4, 3),
        None,
        "A patch of the whole configuration with a value that is neither object nor array is an error; before, it"
        " did nothing (evanphx/json-patch 5.9.11, Patch.replace).",
    ),
    Behaviour(
        "credential-conflicts-refused",
        (3, 4, 0),
        None,
        "Consumers whose credentials share what must be unique are left out (CredentialConflictsDetector).",
    ),
    Behaviour(
        "custom-entity-for-each-relation",
        (3, 3, 0),
        None,
        "A KongCustomEntity makes an entity for each combination that asks for its parent plugin, which needs a grant"
        " in another namespace; before, one that refers to the first (KongState.FillCustomEntities).",
    ),
    Behaviour(
        "custom-entities-validated",
        (3, 4, 0),
        None,
        "The gateway is asked whether a KongCustomEntity keeps its schema (KongState.FillCustomEntities).",
    ),
    Behaviour(
        "custom-entity-parent-must-exist",
        (3, 4, 0),
        None,
        "The parent plugin of a KongCustomEntity must exist (findCustomEntityRelatedPlugin).",
    ),
    # Declarative configuration
    Behaviour(
        "plugin-ids",
        (3, 4, 5),
        None,
        "Plugins have ids (KongState.FillIDs, pull request 7410).",
    ),
    *(
        Behaviour(
            "plugin-nulls-kept",
            since,
            until,
            "Top level nulls of a plugin's config are posted; before, they are dropped, but for plugins within routes"
            " (sendconfig.cleanUpNullsInPluginConfigs).",
        )
        for since, until in (((3, 4, 10), (3, 5, 0)), ((3, 5, 3), None))
    ),
    Behaviour(
        "consumers-without-username",
        (3, 4, 0),
        None,
        "A consumer needs a username or a custom_id; before, one without username is not posted"
        " (deckgen.ToDeckContent).",
    ),
    # Plugins.
    Behaviour(
        "plugin-defaults-replace-null",
        None,
        (3, 4, 0),
        "A plugin's field that is set to null is filled with its default; from go-kong 0.60 on it stays null"
        " (deckgen.fillPlugin, go-kong fillConfigRecord).",
    ),
    *(
        Behaviour(
            "plugin-defaults-skip-auto",
            since,
            until,
            "Plugin fields that the gateway makes up (`auto`, as oauth2's provision_key) are not filled; before, with"
            " null (deckgen.fillPlugin, FillRecordOptions.FillAuto).",
        )
        for since, until in (((3, 4, 17), (3, 5, 0)), ((3, 5, 10), None))
    ),
    Behaviour(
        "plugin-defaults-keep-json",
        (3, 5, 13),
        None,
        "An object in a plugin field of type json stays; before, it was overwritten with the default (go-kong 0.78).",
    ),
    Behaviour(
        "plugin-defaults-fill-deprecated",
        (3, 3, 0),
        (3, 4, 0),
        "Deprecated plugin fields are filled from the fields that replace them, and written to them (go-kong 0.57).",
    ),
    Behaviour(
        "webhook-one-plugin-of-a-type",
        None,
        (3, 2, 1),
        "The webhook refuses two KongPlugins of one type on an object (ValidatePluginUniquenessPerObject).",
    ),
    Behaviour(
        "webhook-jwt-needs-no-secret",
        (3, 4, 0),
        None,
        "The webhook takes JWT credentials without `secret` where the algorithm is not HMAC (ValidateCredentials).",
    ),
    Behaviour(
        "webhook-takes-konnect-credentials",
        (3, 4, 4),
        None,
        "The webhook takes Secrets of the credential type `konnect` (credentials.ValidTypes).",
    ),
    Behaviour(
        "webhook-checks-empty-credential-types",
        (3, 4, 4),
        None,
        "The webhook refuses Secrets whose credential label is empty (RequestHandler.handleSecret).",
    ),
    Behaviour(
        "webhook-translates-whole-httproutes",
        (3, 4, 0),
        None,
        "The webhook translates an HTTPRoute as the controller does; before, each rule by itself"
        " (validateWithKongGateway).",
    ),
    Behaviour(
        "webhook-applies-route-annotations",
        (3, 4, 5),
        None,
        "The webhook judges routes with what their object's annotations set (Route.Override in validateWithKongGateway"
        " and ingressToKongRoutesForValidation).",
    ),
    Behaviour(
        "webhook-skips-missing-gateways",
        (3, 4, 14),
        (3, 5, 0),
        "A parent Gateway that does not exist is skipped; before, the webhook takes the HTTPRoute as another"
        " controller's (ensureHTTPRouteIsManagedByController).",
    ),
    Behaviour(
        "webhook-skips-missing-gateways",
        (3, 5, 7),
        None,
        "As above, in the 3.5 line.",
    ),
    Behaviour(
        "webhook-refuses-unknown-filters",
        (3, 5, 0),
        None,
        "The webhook refuses every HTTPRoute filter but five; before, only RequestMirror (validateHTTPRouteFeatures).",
    ),
)


@dataclass(frozen=True)
class GateDefault:
    """A feature gate's default: on in [on_since, …)."""

    gate: str
    on_since: Version | None


FEATURE_GATE_DEFAULTS: tuple[GateDefault, ...] = (
    GateDefault("FillIDs", OLDEST),
    GateDefault("KongCustomEntity", (3, 3, 0)),
    GateDefault("FallbackConfiguration", None),
    GateDefault("RewriteURIs", None),
    GateDefault("KongServiceFacade", None),
    GateDefault("GatewayAlpha", None),
    GateDefault("SanitizeKonnectConfigDumps", OLDEST),
    GateDefault("CombinedServicesFromDifferentHTTPRoutes", None),
)


def behaviours(version: Version) -> dict[str, bool]:
    """Every row's name and whether `version` has it."""
    result: dict[str, bool] = {}
    for row in BEHAVIOURS:
        has = (row.since is None or version >= row.since) and (row.until is None or version < row.until)
        result[row.name] = result.get(row.name, False) or has
    return result


def feature_gates(version: Version) -> dict[str, bool]:
    """The defaults of all feature gates in `version`."""
    return {row.gate: row.on_since is not None and version >= row.on_since for row in FEATURE_GATE_DEFAULTS}
