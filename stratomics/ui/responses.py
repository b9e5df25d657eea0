"""What the server answers: bytes with their kind, and the headers that keep a page to itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from stratomics.report.sections.explorer import script_policy

__all__ = ["HttpResponse", "file_answer", "page_answer", "refusal"]

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing is asked of anybody, and nobody frames a page."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
}


@dataclass(frozen=True)
class HttpResponse:
    """An answer to one request.

    Attributes
    ----------
    body, kind
        Bytes, and what they are.
    status
        Of HTTP.
    policy
        Of what the page may do, beside the page's own; both hold.
    more
        Headers beside those that every answer has.
    """

    body: bytes
    kind: str = KINDS[".html"]
    status: HTTPStatus = HTTPStatus.OK
    policy: str = f"{POLICY}; form-action 'self'"
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        """All of them."""
        own = {
            "Content-Type": self.kind,
            "Content-Length": str(len(self.body)),
            "Content-Security-Policy": self.policy,
        }
        return own | HEADERS | dict(self.more)


def page_answer(page: str) -> HttpResponse:
    """Answer with one of our pages, which has no script."""
    return HttpResponse(page.encode())


def file_answer(place: Path) -> HttpResponse:
    """Answer with a file of a run; of its scripts only the explorer of this release may run, whatever the file says."""
    policy = f"{POLICY}; form-action 'none'; {script_policy()}"
    return HttpResponse(place.read_bytes(), KINDS[place.suffix], policy=policy)


def refusal(status: HTTPStatus, sentence: str, more: Mapping[str, str] | None = None) -> HttpResponse:
    """Answer with a sentence of what is wrong."""
    return HttpResponse(f"{sentence}\n".encode(), "text/plain; charset=utf-8", status, more=more or {})
