"""The server of ``stratomics ui``: this machine alone, reading alone, for whoever has the token of this start.

Other programs and other people's web pages reach a server on loopback as well as its owner does. So each request has
to name the host that we are (a page that points its own name at 127.0.0.1 does not) and bring the token, which came
with the address that was printed and is then a cookie that no other site can send. Files are looked up by name in a
table of what may be seen; nothing of a request becomes part of a path.
"""

from __future__ import annotations

import secrets
import socketserver
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from omics.common.errors import ConfigError
from stratomics.ui.catalogue import Catalogue
from stratomics.ui.pages import ORDERS, compare_page, index_page
from stratomics.ui.responses import HttpResponse, file_answer, page_answer, refusal

__all__ = ["LOOPBACK", "Server"]

LOOPBACK = "127.0.0.1"
PATIENCE = 30.0
"""Seconds that a request may take to arrive."""
MOST = 100
"""Fields of a query."""


class Server(ThreadingHTTPServer):
    """Serves the runs of a shelf until it is closed.

    Parameters
    ----------
    shelf
        What may be seen.
    port
        0 takes a free one.

    Raises
    ------
    ConfigError
        If the port is taken.
    """

    def __init__(self, catalogue: Catalogue, port: int = 0) -> None:
        self.catalogue, self.token = catalogue, secrets.token_urlsafe(32)
        try:
            super().__init__((LOOPBACK, port), Request)
        except OSError as error:
            raise ConfigError(
                f"port {port} cannot be had ({error.strerror}); leave --port out to take a free one"
            ) from None

    def server_bind(self) -> None:
        """Bind without asking any name server what 127.0.0.1 is called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def address(self) -> str:
        """Where to go, token included."""
        return f"http://{LOOPBACK}:{self.server_port}/?token={self.token}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a request may call us."""
        return tuple(f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost"))

    @property
    def cookie(self) -> str:
        """Name of the cookie: cookies know no ports, and two servers may run."""
        return f"stratomics_{self.server_port}"

    def knows(self, token: str) -> bool:
        """Whether this is the token, in a time that tells nothing of it."""
        return secrets.compare_digest(token.encode(), self.token.encode())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a fault as ever; a browser that hangs up is none."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Request(BaseHTTPRequestHandler):
    """One request: whether it may be answered, and with what."""

    server: Server
    server_version, sys_version, timeout = "stratomics", "", PATIENCE

    def do_GET(self) -> None:  # the name that http.server looks for
        """Answer."""
        self._send(self._answer())

    def do_HEAD(self) -> None:
        """Answer with the headers alone."""
        self._send(self._answer())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse whatever is no request, and any other method, by our own headers."""
        del explain
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            self._send(
                refusal(HTTPStatus.METHOD_NOT_ALLOWED, "reading alone: GET or HEAD", {"Allow": "GET, HEAD"})
            )
        else:
            self._send(refusal(status, message or status.phrase))
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as it is called there
        """Keep silent: an address holds the token."""

    def _send(self, answer: HttpResponse) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _answer(self) -> HttpResponse:
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.hosts]:
            sentence = f"open http://{self.server.hosts[0]}; no other name is answered"
            return refusal(HTTPStatus.FORBIDDEN, sentence)
        if not self.path.startswith("/"):
            return refusal(HTTPStatus.BAD_REQUEST, "name a path that begins with /")
        target = urlsplit(f"http://{LOOPBACK}{self.path}")
        try:
            query = parse_qs(target.query, max_num_fields=MOST)
        except ValueError:
            return refusal(HTTPStatus.BAD_REQUEST, f"a query has at most {MOST} fields")
        return self._let_in(query["token"][0]) if "token" in query else self._known(target.path, query)

    def _known(self, path: str, query: dict[str, list[str]]) -> HttpResponse:
        if not self._has_cookie():
            sentence = "open the whole address that `stratomics ui` printed; it changes at every start"
            return refusal(HTTPStatus.FORBIDDEN, sentence)
        try:
            return self._found(unquote(path), query)
        except OSError as error:
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, f"it cannot be read: {error.strerror or error}")

    def _let_in(self, token: str) -> HttpResponse:
        if not self.server.knows(token):
            return refusal(
                HTTPStatus.FORBIDDEN, "this token is of another start; open the address printed last"
            )
        kept = f"{self.server.cookie}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"
        return refusal(HTTPStatus.SEE_OTHER, "come in", {"Location": "/", "Set-Cookie": kept})

    def _has_cookie(self) -> bool:
        cookies = (part.strip().partition("=") for part in self.headers.get("Cookie", "").split(";"))
        return any(name == self.server.cookie and self.server.knows(value) for name, _, value in cookies)

    def _found(self, path: str, query: dict[str, list[str]]) -> HttpResponse:
        catalogue = self.server.catalogue
        match path.split("/")[1:]:
            case [""]:
                order = query.get("order", ["date"])[0]
                return page_answer(index_page(catalogue, order if order in ORDERS else "date"))
            case ["compare"]:
                return page_answer(compare_page(catalogue, query.get("run", [])))
            case ["runs", name, *inner] if inner:
                place = catalogue.files(name).get("/".join(inner))
                if place is not None:
                    return file_answer(place)
        return refusal(HTTPStatus.NOT_FOUND, "there is nothing here that may be seen")
