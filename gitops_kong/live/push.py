"""Metrics to a Prometheus Pushgateway."""

from __future__ import annotations

import urllib3
from urllib3.exceptions import HTTPError

from gitops_kong.errors import UserError

_GROUP = "/metrics/job/gitops-kong-audit"


def push(url: str, text: str) -> None:
    """Replace the metrics of the last audit by `text`. Raises UserError where the Pushgateway does not take them."""
    if not url.startswith(("http://", "https://")):
        raise UserError(f"--push-url {url}: no http(s) URL")
    try:
        answer = urllib3.request(
            "PUT",
            url.rstrip("/") + _GROUP,
            body=text.encode(),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
            timeout=urllib3.Timeout(connect=5.0, read=20.0),
            retries=urllib3.Retry(3, backoff_factor=0.5, redirect=False),
        )
    except HTTPError as e:
        raise UserError(f"--push-url {url}: {' '.join(str(e).split())}") from None
    if answer.status >= 300:
        said = " ".join(answer.data.decode("utf-8", "replace").split())[:200]
        raise UserError(f"--push-url {url}: {answer.status}: {said}")
