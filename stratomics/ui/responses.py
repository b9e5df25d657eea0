"""Responses of the server: content, content type and security headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from stratomics.report.sections.explorer import policy_of, script_policy
from stratomics.ui.pages import page_script

__all__ = ["HttpResponse", "error_response", "file_response", "page_response"]

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
"""Pages load nothing from elsewhere, and no other page may embed them."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True)
class HttpResponse:
    """The response to one request.

    Attributes
    ----------
    body, content_type
        Bytes and their type.
    status
        HTTP status.
    policy
        Content security policy, which applies in addition to that of the page itself.
    extra_headers
        Headers in addition to those of every response.
    """

    body: bytes
    content_type: str = CONTENT_TYPES[".html"]
    status: HTTPStatus = HTTPStatus.OK
    policy: str = f"{POLICY}; form-action 'self'"
    extra_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """All headers."""
        specific = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(self.body)),
            "Content-Security-Policy": self.policy,
        }
        return specific | HEADERS | dict(self.extra_headers)


def page_response(page: str) -> HttpResponse:
    """Return one of the pages of this package, whose only script is that of the list of runs."""
    return HttpResponse(page.encode(), policy=f"{POLICY}; form-action 'self'; {policy_of(page_script())}")


def file_response(path: Path) -> HttpResponse:
    """Return a file of a run; the only script that may run is the explorer of this version."""
    policy = f"{POLICY}; form-action 'none'; {script_policy()}"
    return HttpResponse(path.read_bytes(), CONTENT_TYPES[path.suffix], policy=policy)


def error_response(
    status: HTTPStatus, sentence: str, extra_headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """Return a sentence that states the error, as plain text.

    Parameters
    ----------
    status
        HTTP status.
    sentence
        What is wrong, and what to do.
    extra_headers
        Headers in addition to those of every response.

    Returns
    -------
    HttpResponse
    """
    content_type = "text/plain; charset=utf-8"
    return HttpResponse(f"{sentence}\n".encode(), content_type, status, extra_headers=extra_headers or {})
