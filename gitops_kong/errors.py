"""Errors that a user can mend. Anything else that is raised is a defect of gitops-kong."""


class UserError(Exception):
    """Wrong usage or unusable input: shown as one line, exit status 2, never with a traceback.

    The message names the place and the way out, for example
    ``apps/shop.yaml:12:3: duplicate key "spec"; remove one of the two``.
    """


class RenderError(UserError):
    """A target could not be rendered; the other targets are still checked."""


class ManifestError(UserError):
    """A manifest that Kubernetes could not read (broken YAML, no object, duplicate keys)."""
