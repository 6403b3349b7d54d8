"""How long the gateway's answer takes: 10,000 services and routes, 20,000 plugins of 2,000 distinct configurations.

`python benchmarks/gateway.py [--invalid] [--profile]`; the aim is 0.8 s on one core after loading.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from typing import Any

from gitops_kong.gateway import catalogue
from gitops_kong.gateway.validate import validate

PLUGINS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("rate-limiting", {"minute": 1, "policy": "local", "fault_tolerant": True}),
    ("cors", {"origins": ["https://a.example"], "max_age": 1, "methods": ["GET", "POST"]}),
    ("request-transformer", {"add": {"headers": ["x-a:b"]}, "remove": {"headers": ["x-b"]}}),
    ("key-auth", {"key_names": ["apikey"], "hide_credentials": True}),
)
NUMBERS = {"rate-limiting": "minute", "cors": "max_age"}


def tags(kind: str, name: str) -> list[str]:
    return [f"k8s-name:{name}", f"k8s-namespace:ns{hash(name) % 50}", f"k8s-kind:{kind}", "k8s-version:v1"]


def plugin(index: int) -> dict[str, Any]:
    name, config = PLUGINS[index % len(PLUGINS)]
    distinct = dict(config)
    if name in NUMBERS:
        distinct[NUMBERS[name]] = 1 + index % 1000
    elif name == "key-auth":
        distinct["key_names"] = [f"apikey-{index % 2000}"]
    else:
        distinct["add"] = {"headers": [f"x-a:{index % 2000}"]}
    return {
        "name": name,
        "config": distinct,
        "enabled": True,
        "protocols": ["http", "https"],
        "tags": tags("KongPlugin", f"p{index}"),
    }


def configuration(count: int) -> dict[str, Any]:
    services = []
    for i in range(count):
        route = {
            "name": f"ns.ingress-{i}.svc.host-{i}.80",
            "hosts": [f"host-{i}.example.com"],
            "paths": [f"/api/{i}/", f"~/api/{i}$"],
            "path_handling": "v0",
            "preserve_host": True,
            "protocols": ["http", "https"],
            "regex_priority": 0,
            "strip_path": False,
            "request_buffering": True,
            "response_buffering": True,
            "https_redirect_status_code": 426,
            "id": f"{i:08x}-0000-5000-8000-000000000001",
            "tags": tags("Ingress", f"ingress-{i}"),
            "plugins": [plugin(2 * i)],
        }
        services.append(
            {
                "name": f"ns.svc-{i}.80",
                "host": f"svc-{i}.ns.80.svc",
                "path": "/",
                "port": 80,
                "protocol": "http",
                "retries": 5,
                "connect_timeout": 60000,
                "read_timeout": 60000,
                "write_timeout": 60000,
                "routes": [route],
                "plugins": [plugin(2 * i + 1)],
                "id": f"{i:08x}-0000-5000-8000-000000000002",
                "tags": tags("Service", f"svc-{i}"),
            }
        )
    return {"_format_version": "3.0", "services": services}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--version", default="3.9")
    parser.add_argument("--invalid", action="store_true", help="one plugin has an error")
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    config = json.loads(json.dumps(configuration(args.count)))
    if args.invalid:
        config["services"][args.count // 2]["plugins"][0]["config"]["nonsense"] = 1
    start = time.process_time()
    schemas = catalogue.load(args.version)
    validate({"_format_version": "3.0", "services": config["services"][:1]}, schemas)
    print(f"load {time.process_time() - start:.3f} s")
    profile = cProfile.Profile()
    if args.profile:
        profile.enable()
    start = time.process_time()
    verdict = validate(config, schemas)
    print(f"answer {time.process_time() - start:.3f} s: {verdict.status}, {len(verdict.errors)} entries")
    if args.profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
