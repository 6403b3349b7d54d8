"""What a KongPlugin or KongClusterPlugin says, as a plugin without scope (KIC `kongstate/plugin.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_kong.errors import ManifestError
from gitops_kong.manifests.objects import EMPTY, K8sObject
from gitops_kong.manifests.yaml import read_value
from gitops_kong.translate import gojson, json_patch
from gitops_kong.translate.context import Context
from gitops_kong.translate.secrets import secret_data
from gitops_kong.translate.state import Entity

_NOT_OBJECT = "json: cannot unmarshal {} into Go value of type kong.Configuration"


class ContentUnknown(Exception):  # noqa: N818 - no error: nothing can be said of the plugin
    """A plugin whose configuration comes from a Secret of unknown content."""


class PluginConfigError(Exception):
    """A plugin that the controller cannot translate; the message is the controller's."""


def plugin_template(obj: K8sObject, context: Context) -> Entity:
    """The plugin entity without scope, its configuration shared by all instances.

    Raises `PluginConfigError`, and `ContentUnknown`.
    """
    data = obj.data
    config = _config(obj, context)
    entity: Entity = {"name": data.get("plugin") or "", "config": config}
    if instance_name := data.get("instance_name"):
        entity["instance_name"] = instance_name
    if run_on := data.get("run_on"):
        entity["run_on"] = run_on
    if data.get("disabled"):
        entity["enabled"] = False
    ordering = data.get("ordering")
    if ordering is not None:
        entity["ordering"] = {key: ordering[key] for key in ("before", "after") if ordering.get(key)}
    if protocols := data.get("protocols"):
        entity["protocols"] = protocols
    if tags := context.tags(obj):
        entity["tags"] = tags
    return entity


def _config(obj: K8sObject, context: Context) -> dict[str, Any]:
    try:
        config = patched_config(obj, context)
    except PluginConfigError as e:
        raise PluginConfigError(f"could not parse KongPlugin {obj.namespace}/{obj.name} config: {e}") from None
    source = obj.data.get("configFrom")
    if source is None:
        return config
    is_cluster = obj.kind == "KongClusterPlugin"
    if config:
        kind = "KongClusterPlugin" if is_cluster else "KongPlugin"
        raise PluginConfigError(f"{kind} '{obj.namespace}/{obj.name}' has both Config and ConfigFrom set")
    try:
        return secret_config(source.get("secretKeyRef") or EMPTY, obj, context)
    except PluginConfigError as e:
        name = f"KongClusterPlugin {obj.name}" if is_cluster else f"KongPlugin '{obj.name}/{obj.namespace}'"
        raise PluginConfigError(f"error parsing config for {name}: {e}") from None


def patched_config(obj: K8sObject, context: Context) -> dict[str, Any]:
    """`config` with its patches. Raises `PluginConfigError`, and `ContentUnknown`."""
    try:
        return object_config(_patched(obj, context))
    except json_patch.PatchError as e:
        raise PluginConfigError(str(e)) from None


def object_config(value: Any) -> dict[str, Any]:
    """A raw `config` as the map that it must be (`RawConfigToConfiguration`)."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PluginConfigError(_NOT_OBJECT.format(gojson.kind_of(value)))
    config: dict[str, Any] = gojson.float64(value)
    return config


def _patched(obj: K8sObject, context: Context) -> Any:
    """The raw `config` with all `configPatches` applied."""
    config = obj.data.get("config")
    patches = obj.data.get("configPatches")
    if not patches:
        return config
    if config is None:
        config = {}
    for patch in patches:
        reference = (patch.get("valueFrom") or EMPTY).get("secretKeyRef") or EMPTY
        namespace, secret = _secret(reference, obj, context)
        if secret is None:
            raise PluginConfigError(f"Secret {namespace}/{reference.get('name') or ''} not found")
        config = json_patch.apply(
            config,
            patch.get("path") or "",
            _value(secret, reference.get("key") or ""),
            refuses_root_scalar=context.behaves("root-patch-refuses-scalars"),
        )
    return config


def _secret(reference: Mapping[str, Any], obj: K8sObject, context: Context) -> tuple[str, K8sObject | None]:
    """A referenced Secret, and its namespace: the plugin's own, or the reference's for KongClusterPlugins."""
    namespace = obj.namespace if obj.kind == "KongPlugin" else reference.get("namespace") or ""
    return namespace, context.store.get("", "Secret", namespace, reference.get("name") or "")


def _value(secret: K8sObject, key: str) -> bytes:
    if secret.content_unknown:
        raise ContentUnknown
    value = secret_data(secret).get(key)
    if value is None:
        raise PluginConfigError(f"no key '{key}' in secret '{secret.namespace}/{secret.name}'")
    return value


def secret_config(reference: Mapping[str, Any], obj: K8sObject, context: Context) -> dict[str, Any]:
    """The configuration that a Secret's key holds as JSON or YAML (`SecretToConfiguration`)."""
    namespace, secret = _secret(reference, obj, context)
    key = reference.get("key") or ""
    if secret is None:
        path = f"{namespace}/{reference.get('name') or ''}"
        raise PluginConfigError(f"error fetching plugin configuration secret '{path}': Secret {path} not found")
    text = _value(secret, key)
    for read in (gojson.read, _read_yaml):
        try:
            config = read(text)
        except (ValueError, ManifestError):
            continue
        if config is None or isinstance(config, dict):
            return config or {}
    raise PluginConfigError(
        f"key '{key}' in secret '{secret.namespace}/{secret.name}' contains neither valid JSON nor valid YAML)"
    )


def _read_yaml(text: bytes) -> Any:
    return gojson.float64(read_value(text))
