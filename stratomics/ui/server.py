"""The server of ``stratomics ui``: local, read-only, and protected by a token that is new at every start.

Other programs on this machine, and web pages open in its browser, can also send requests to a local server. Therefore
every request must name the right host, which excludes pages that point another name at 127.0.0.1 (DNS rebinding). It
must also have the token, which is part of the printed address and then becomes a cookie that other sites cannot send.
Files are looked up by name in a table of public files; no part of a request is used as a path.
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
from stratomics.ui.responses import HttpResponse, error_response, file_response, page_response

__all__ = ["LOOPBACK", "Server"]

LOOPBACK = "127.0.0.1"
REQUEST_TIMEOUT = 30.0
"""Seconds within which a request must arrive."""
MOST_FIELDS = 100
"""Maximum number of fields of a query."""


class Server(ThreadingHTTPServer):
    """Serves the runs of a catalogue until it is closed.

    Parameters
    ----------
    catalogue
        Runs and their public files.
    port
        Port to use; 0 selects a free one.

    Raises
    ------
    ConfigError
        If the port is not available.
    """

    def __init__(self, catalogue: Catalogue, port: int = 0) -> None:
        self.catalogue, self.token = catalogue, secrets.token_urlsafe(32)
        try:
            super().__init__((LOOPBACK, port), Request)
        except OSError as error:
            raise ConfigError(
                f"port {port} is not available ({error.strerror}); omit --port to use a free one"
            ) from None

    def server_bind(self) -> None:
        """Bind without a DNS query for the name of 127.0.0.1."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def address(self) -> str:
        """Address to open, including the token."""
        return f"http://{LOOPBACK}:{self.server_port}/?token={self.token}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Accepted values of the Host header."""
        return tuple(f"{name}:{self.server_port}" for name in (LOOPBACK, "localhost"))

    @property
    def cookie(self) -> str:
        """Name of the cookie, with the port, because all ports share cookies and two servers may run."""
        return f"stratomics_{self.server_port}"

    def is_token(self, token: str) -> bool:
        """Whether this is the token, compared in constant time."""
        return secrets.compare_digest(token.encode(), self.token.encode())

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors as usual, except that a closed connection is not an error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Request(BaseHTTPRequestHandler):
    """One request: access control and response."""

    server: Server
    server_version, sys_version, timeout = "stratomics", "", REQUEST_TIMEOUT

    def do_GET(self) -> None:  # the name that http.server requires
        """Respond to GET."""
        self._send(self._response())

    def do_HEAD(self) -> None:
        """Respond with headers only."""
        self._send(self._response())

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Respond to invalid requests and other methods, with the same security headers."""
        del explain
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            self._send(
                error_response(
                    HTTPStatus.METHOD_NOT_ALLOWED, "read-only: use GET or HEAD", {"Allow": "GET, HEAD"}
                )
            )
        else:
            self._send(error_response(status, message or status.phrase))
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name in the base class
        """Log nothing, because the address contains the token."""

    def _send(self, response: HttpResponse) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _response(self) -> HttpResponse:
        if self.headers.get_all("Host", []) not in [[host] for host in self.server.hosts]:
            sentence = f"open http://{self.server.hosts[0]}; other host names are not accepted"
            return error_response(HTTPStatus.FORBIDDEN, sentence)
        if not self.path.startswith("/"):
            return error_response(HTTPStatus.BAD_REQUEST, "the path must begin with /")
        target = urlsplit(f"http://{LOOPBACK}{self.path}")
        try:
            query = parse_qs(target.query, max_num_fields=MOST_FIELDS)
        except ValueError:
            return error_response(HTTPStatus.BAD_REQUEST, f"a query has at most {MOST_FIELDS} fields")
        return self._log_in(query["token"][0]) if "token" in query else self._authorized(target.path, query)

    def _authorized(self, path: str, query: dict[str, list[str]]) -> HttpResponse:
        if not self._has_cookie():
            sentence = "open the complete address that `stratomics ui` printed; it changes at every start"
            return error_response(HTTPStatus.FORBIDDEN, sentence)
        try:
            return self._page_or_file(unquote(path), query)
        except OSError as error:
            return error_response(
                HTTPStatus.INTERNAL_SERVER_ERROR, f"cannot be read: {error.strerror or error}"
            )

    def _log_in(self, token: str) -> HttpResponse:
        if not self.server.is_token(token):
            return error_response(
                HTTPStatus.FORBIDDEN, "this token is from another start; open the address printed last"
            )
        cookie = f"{self.server.cookie}={self.server.token}; Path=/; HttpOnly; SameSite=Strict"
        return error_response(HTTPStatus.SEE_OTHER, "logged in", {"Location": "/", "Set-Cookie": cookie})

    def _has_cookie(self) -> bool:
        cookies = (part.strip().partition("=") for part in self.headers.get("Cookie", "").split(";"))
        return any(name == self.server.cookie and self.server.is_token(value) for name, _, value in cookies)

    def _page_or_file(self, path: str, query: dict[str, list[str]]) -> HttpResponse:
        catalogue = self.server.catalogue
        match path.split("/")[1:]:
            case [""]:
                order = query.get("order", ["date"])[0]
                search = query.get("q", [""])[0]
                return page_response(index_page(catalogue, order if order in ORDERS else "date", search))
            case ["compare"]:
                return page_response(compare_page(catalogue, query.get("run", [])))
            case ["runs", name, *inner] if inner:
                file = catalogue.files(name).get("/".join(inner))
                if file is not None:
                    return file_response(file)
        return error_response(HTTPStatus.NOT_FOUND, "not found")
