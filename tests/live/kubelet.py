"""What the API server needs of a kubelet to serve a Pod's log: an HTTPS server that has it."""

from __future__ import annotations

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.live.server import Cluster, find

Log = Callable[[dict[str, str]], Iterator[bytes]]


@contextmanager
def kubelet(cluster: Cluster, node: str, folder: Path, log: Log) -> Iterator[None]:
    """A node whose Pods have the log that `log` gives for the parameters of a request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self.send_response(200 if parts.path.startswith("/containerLogs/") else 404)
            self.send_header("Content-Type", "text/plain")
            self.end_headers()
            for piece in log(dict(parse_qsl(parts.query))):
                self.wfile.write(piece)
                self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    openssl = find("openssl")
    assert openssl is not None
    crt, key = folder / "kubelet.crt", folder / "kubelet.key"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={node}", "-days", "2"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(crt)], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    cluster.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node}})
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": server.server_address[1]}},
    }
    cluster.request("PATCH", f"/api/v1/nodes/{node}/status", {"status": status})
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        cluster.request("DELETE", f"/api/v1/nodes/{node}")
