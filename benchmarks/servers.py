"""WSGI servers side by side: work, requests that do not end, and bytes that are no request.

    python benchmarks/servers.py [SERVER...]

Others than waitress are to be installed first: pip install cheroot gunicorn uvicorn a2wsgi.
Each serves the same small application with four threads on the loopback. Prints a JSON object a
server:

- ``answers_per_second``: 50 clients on kept-alive connections; an answer takes 1 ms of Python
- ``behind_half_open_s``: an ordinary answer while 300 connections have sent half a head
- ``probe_while_stuck_s`` and ``ordinary_while_stuck``: with all four threads held by requests that
  do not end: /healthz, and the status and seconds of another request (15 s at most)
- ``end_while_stuck_s``: from SIGTERM to the end of the process, then (60 s at most)
- ``raw_utf8``, ``tls``: the first line of what comes back to an address as curl sends it, and to
  the beginning of a TLS handshake (5 s at most)
"""

import argparse
import http.client
import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

CLIENTS = 50
SECONDS = 6.0
HALF_OPEN = 300
_APPLICATION = """
import sys, time
def app(environ, start_response):
    path = environ["PATH_INFO"]
    if environ.get("jmedsearch.refused"):
        start_response("503 Service Unavailable", [("Content-Length", "2")])
        return [b"no"]
    if path == "/stuck":
        time.sleep(600)
    until = time.perf_counter() + 0.001
    while path == "/quick" and time.perf_counter() < until:
        pass
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "8192")])
    return [b"x" * 8192]
PORT = int(sys.argv[1])
"""
_STARTS = {
    "here": """
import socket
from web.server.process import serve
from flask import Flask
class Application(Flask):
    wsgi_app = staticmethod(app)
serve(Application("a"), socket.create_server(("127.0.0.1", PORT), backlog=1024), print)
""",
    "waitress": "import waitress; waitress.serve(app, host='127.0.0.1', port=PORT, threads=4)",
    "cheroot": """
import signal
from cheroot.wsgi import Server
server = Server(("127.0.0.1", PORT), app, numthreads=4, max=4, request_queue_size=1024,
                accepted_queue_size=128, accepted_queue_timeout=10, shutdown_timeout=25)
def end(*_): server.interrupt = SystemExit()
signal.signal(signal.SIGTERM, end)
try: server.start()
except SystemExit: pass
""",
    "gunicorn": """
from gunicorn.app.base import BaseApplication
class Application(BaseApplication):
    def load_config(self):
        for name, value in {"bind": f"127.0.0.1:{PORT}", "workers": 1, "threads": 4,
                            "worker_class": "gthread", "graceful_timeout": 25,
                            "keepalive": 60, "loglevel": "error"}.items():
            self.cfg.set(name, value)
    def load(self): return app
Application().run()
""",
    "uvicorn": """
import uvicorn
from a2wsgi import WSGIMiddleware
uvicorn.run(WSGIMiddleware(app, workers=4), host="127.0.0.1", port=PORT, log_level="error",
            backlog=1024, timeout_graceful_shutdown=25)
""",
}


def port_of_ones_own() -> int:
    """A port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def started(name: str, folder: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """A server's process, once it answers, and its port."""
    port = port_of_ones_own()
    script = folder / "served.py"
    script.write_text(_APPLICATION + _STARTS[name], encoding="utf-8")
    command = [sys.executable, str(script), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            asked(port, "/healthz")
        except OSError:
            time.sleep(0.1)
        else:
            return process, port
    process.kill()
    raise SystemExit(f"{name} did not start")


def asked(port: int, path: str, seconds: float = 15.0) -> tuple[int, float]:
    """The status of an answer, and the seconds that it took."""
    begun = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status, round(time.monotonic() - begun, 2)
    finally:
        connection.close()


def tried(port: int, path: str) -> object:
    """Status and seconds, or what went wrong."""
    try:
        return asked(port, path)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__


def work(port: int) -> float:
    """Answers a second."""
    counts = [0] * CLIENTS
    until = time.monotonic() + SECONDS

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < until:
            connection.request("GET", "/quick")
            connection.getresponse().read()
            counts[number] += 1
        connection.close()

    clients = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return round(sum(counts) / SECONDS, 1)


def first_line(port: int, sent: bytes) -> str:
    """The first line of what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(sent)
        try:
            return connection.recv(200).split(b"\r\n")[0].decode("latin-1") or "(empty)"
        except OSError as error:
            return type(error).__name__


def measured(name: str, folder: Path) -> dict[str, object]:
    """One server."""
    process, port = started(name, folder)
    found: dict[str, object] = {"server": name, "answers_per_second": work(port)}
    found["raw_utf8"] = first_line(port, "GET /?q=喘息 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    found["tls"] = first_line(port, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500)
    held = []
    for _ in range(HALF_OPEN):
        held.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        held[-1].sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    found["behind_half_open"] = tried(port, "/quick")
    for connection in held:
        connection.close()
    time.sleep(1.0)
    for _ in range(4):
        held.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        held[-1].sendall(b"GET /stuck HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(1.0)
    found["probe_while_stuck"] = tried(port, "/healthz")
    found["ordinary_while_stuck"] = tried(port, "/quick")
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(60)
        found["end_while_stuck_s"] = round(time.monotonic() - begun, 1)
    except subprocess.TimeoutExpired:
        found["end_while_stuck_s"] = "not within 60"
        process.kill()
        process.wait()
    return found


def main() -> None:
    """Measure the servers that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=", ".join(_STARTS))
    for name in parser.parse_args().servers or _STARTS:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measured(name, Path(folder))), flush=True)


if __name__ == "__main__":
    main()
