"""The rules that judge predictions: what each means and how to mend it. Findings are made in `findings`.

Rules that judge manifests beyond what the controller and the gateway say are data in the top-level `policies/`.
"""

from __future__ import annotations

from typing import NamedTuple

from gitops_kong.predict.model import Severity


class Rule(NamedTuple):
    """One rule: its severity, what it says in a line, what it means for traffic and people, how to mend it."""

    id: str
    severity: Severity
    title: str
    meaning: str
    remediation: str


_RULES = (
    Rule(
        "gateway-rejected",
        "error",
        "Kong Gateway refuses an object",
        "The gateway answers 400 to a configuration that holds this object. One such object is enough for Kong to"
        " refuse the whole configuration.",
        "Mend the field that the message names.",
    ),
    Rule(
        "excluded",
        "error",
        "A healthy object is left out together with a broken one",
        "The fallback configuration leaves out a broken object and everything that depends on it: an Ingress that uses"
        " a broken plugin is not served at all, so that it is never served without that plugin.",
        "Mend the broken object that the chain ends in.",
    ),
    Rule(
        "backfilled",
        "warning",
        "An older version of an object serves",
        "The fallback configuration takes the last valid version of what a broken object affects. It is lost when the"
        " controller restarts.",
        "Mend the broken object that the chain ends in.",
    ),
    Rule(
        "blocked",
        "error",
        "Nothing new reaches the gateway",
        "The gateway refuses the configuration and there is no fallback configuration that it accepts. No team's"
        " change arrives; a gateway that starts empty stays without the refused configuration.",
        "Mend the broken object. Turn the feature gate FallbackConfiguration on, so that one broken object that Kong"
        " names does not stop everybody.",
    ),
    Rule(
        "translation-failed",
        "error",
        "The controller cannot translate an object",
        "The controller records a KongConfigurationTranslationFailed event on the object, leaves out what it cannot"
        " translate, pushes the rest, and does not write the object's status.",
        "Mend what the message names.",
    ),
    Rule(
        "status-empty",
        "error",
        "The status of a healthy object is never written",
        "The object's traffic flows, but its status stays empty: external-dns makes no record, Argo CD's health check"
        " waits for an address. Controllers before 3.4.4 report nothing after a fallback push"
        " (Kong/kubernetes-ingress-controller issue 7172).",
        "Mend the broken object that forces the fallback, and update the controller to 3.4.4 or later.",
    ),
    Rule(
        "status-stale",
        "warning",
        "A status still says what an earlier configuration wrote",
        "The controller does not report on the object any more; its status keeps what was written before and no longer"
        " follows the object.",
        "Mend the broken object that the chain ends in.",
    ),
    Rule(
        "guard-lost",
        "error",
        "Traffic flows without a plugin that guards it",
        "A plugin that authenticates, authorizes or limits requests is missing from what the gateway runs, while routes"
        " that it should guard are served. After a restart the controller puts the last valid configuration together"
        " again from the gateway without global plugins and consumers' plugins.",
        "Mend the broken object, so that a full configuration is accepted. Until then do not restart the controller.",
    ),
    Rule(
        "consumer-lost",
        "error",
        "A consumer loses its groups or its password",
        "After a restart the controller puts the last valid configuration together again from the gateway. Memberships"
        " in consumer groups are not carried, and the hash of a basic-auth password is taken for the password.",
        "Mend the broken object, so that a full configuration is accepted. Until then do not restart the controller.",
    ),
    Rule(
        "certificate-lost",
        "error",
        "TLS breaks because a certificate is no longer found",
        "After a restart the controller puts the last valid configuration together again from the gateway. Server names"
        " of certificates are not carried, so that clients get the gateway's default certificate; CA certificates get"
        " other ids, so that services which name them cannot verify their upstream.",
        "Mend the broken object, so that a full configuration is accepted. Until then do not restart the controller.",
    ),
    Rule(
        "certificate-blamed-falsely",
        "info",
        "The controller's log blames certificates that are fine",
        "From 3.8 on Kong wants every server name of a certificate to name that certificate, which controllers before"
        " 3.4.0, 3.4.12 and 3.5.5 do not write. Kong takes the configuration all the same, but as soon as anything else"
        " in it is wrong Kong reports `required field missing` for certificates, too. The controller logs that as an"
        " error of an entity without Kubernetes metadata.",
        "Look for the other errors of the same rejection. Update the controller to 3.4.13, 3.5.6 or later.",
    ),
    Rule(
        "plugin-lost",
        "warning",
        "Traffic flows without a plugin",
        "After a restart the controller puts the last valid configuration together again from the gateway without"
        " global plugins and those of consumers and consumer groups. This one guards nothing, but what it does is not"
        " done.",
        "Mend the broken object, so that a full configuration is accepted. Until then do not restart the controller.",
    ),
    Rule(
        "custom-entity-lost",
        "error",
        "An entity of a KongCustomEntity is gone",
        "After a restart the controller puts the last valid configuration together again from the gateway. It does not"
        " ask for custom entities then, because it learns their types only by translating.",
        "Mend the broken object, so that a full configuration is accepted. Until then do not restart the controller.",
    ),
    Rule(
        "controller-crash",
        "error",
        "The controller crashes on an object",
        "This version of the controller panics while it translates the object and restarts in a loop; nothing new"
        " reaches any gateway.",
        "Change the object as the message says, or update the controller.",
    ),
    Rule(
        "api-rejected",
        "error",
        "The API server refuses an object",
        "`kubectl apply`, Argo CD and Flux fail on this object; the cluster keeps its older version, if there is one.",
        "Mend the fields that the message names.",
    ),
    Rule(
        "api-deprecated",
        "warning",
        "An API version is deprecated",
        "The API server still takes the object in this version, and warns; a later Kubernetes refuses it.",
        "Write the object in the version that the message names.",
    ),
    Rule(
        "api-rule-not-evaluated",
        "info",
        "A rule of a CustomResourceDefinition could not be evaluated",
        "The definition has a CEL rule with functions or values that are not known here. The object is taken to keep"
        " it, because a rejection is never guessed.",
        "Nothing needs to be done; `kubectl apply --dry-run=server` asks the API server itself.",
    ),
    Rule(
        "not-taken-in",
        "warning",
        "No controller handles a route",
        "The controller does not take the object in, so nothing of it reaches the gateway. One that names another"
        " controller's class or Gateway is told of as info.",
        "Give the object the controller's ingress class or Gateway, or leave it to the one that it is meant for.",
    ),
    Rule(
        "not-verified",
        "info",
        "Accepted without a schema to judge it by",
        "A plugin or entity of Kong Enterprise, or a part of a custom plugin's schema that only Lua code decides: it is"
        " taken to be accepted, because a rejection is never guessed.",
        "Import the schema of a custom plugin with `gitops-kong schemas import`.",
    ),
)

RULES: dict[str, Rule] = {rule.id: rule for rule in _RULES}

AUTHENTICATION_PLUGINS = frozenset(
    {
        "basic-auth",
        "hmac-auth",
        "jwt",
        "jwt-signer",
        "key-auth",
        "key-auth-enc",
        "ldap-auth",
        "ldap-auth-advanced",
        "mtls-auth",
        "oauth2",
        "oauth2-introspection",
        "openid-connect",
        "saml",
        "vault-auth",
        "header-cert-auth",
    }
)
GUARD_PLUGINS = AUTHENTICATION_PLUGINS | {
    "acl",
    "bot-detection",
    "ip-restriction",
    "opa",
    "rate-limiting",
    "rate-limiting-advanced",
    "request-size-limiting",
    "request-termination",
    "request-validator",
    "response-ratelimiting",
    "session",
    "standard-webhooks",
    "websocket-size-limit",
    "xml-threat-protection",
    "json-threat-protection",
    "injection-protection",
}
