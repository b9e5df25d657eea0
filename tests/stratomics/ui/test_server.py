"""``stratomics ui``: access control, public files, and no access to anything else on the machine."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from places import FROZEN

from omics.common.files import read_json, write_json
from stratomics.cli import main
from stratomics.report.sections.explorer import policy_of
from stratomics.ui.catalogue import Catalogue
from stratomics.ui.server import Server

GOLDEN = FROZEN
SECRET = "this is secret"


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Two finished runs, an unreadable one, an unfinished one, links that lead out of the folder, and a secret."""
    folder = tmp_path / "runs"
    for name in ("first", "second"):
        shutil.copytree(GOLDEN, folder / name)
        (folder / name / "report.html").write_text(f"<h1>report of {name}</h1>")
    metrics = read_json(folder / "second" / "metrics.json")
    metrics["baselines"] = {}
    metrics["differences"] = {}
    write_json(folder / "second" / "metrics.json", metrics)
    (folder / "<b>odd").mkdir()
    (folder / "<b>odd" / "report.html").write_text("<h1>odd</h1>")
    (folder / "unfinished").mkdir()
    (folder / "unfinished" / "metrics.json").write_text(SECRET)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "report.html").write_text(SECRET)
    (tmp_path / "secret.csv").write_text(SECRET)
    (folder / "link").symlink_to(outside)
    (folder / "first" / "stolen.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "first" / "effects.csv").write_text("cut,effect\n")
    return folder


@pytest.fixture
def server(runs: Path) -> Iterator[Server]:
    with Server(Catalogue(runs)) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def request(
    server: Server, path: str, method: str = "GET", cookie: bool = True, **headers: str
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    cookie_header = {"Cookie": f"{server.cookie}={server.token}"} if cookie else {}
    connection.request(method, path, headers=cookie_header | headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_all_finished_runs_are_in_the_table(server: Server) -> None:
    status, headers, page = request(server, "/")
    assert status == 200
    for name in ("first", "second"):
        assert f'<a href="/runs/{name}/report.html">' in page
    metrics = read_json(GOLDEN / "metrics.json")
    figure = metrics[metrics["endpoint"]][metrics["metric"]]
    assert page.count(f"{figure['estimate']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})") == 2
    # A folder named like a tag is harmless, and a run with missing files has a message.
    assert "<b>odd" not in page
    assert "&lt;b&gt;odd" in page
    assert "cannot be read" in page
    assert "unfinished" not in page
    assert "/runs/link/" not in page
    assert SECRET not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_two_runs_are_compared(server: Server, runs: Path) -> None:
    _, _, page = request(server, "/compare?run=first&run=second&run=absent&run=first")
    assert page.count("/report.html") == 2
    assert "Same patients, same endpoint, same metric" in page
    provenance = read_json(runs / "second" / "provenance.json")
    write_json(runs / "second" / "provenance.json", provenance | {"cohort_digest": "another"})
    assert "Not the same cohort: these results" in request(server, "/compare?run=first&run=second")[2]
    assert "Select at least two runs" in request(server, "/compare?run=first")[2]


def test_public_files_of_a_run_are_served(server: Server) -> None:
    status, headers, page = request(server, "/runs/first/report.html")
    assert (status, page) == (200, "<h1>report of first</h1>")
    assert "script-src 'sha256-" in headers["Content-Security-Policy"]
    assert request(server, "/runs/first/effects.csv")[1]["Content-Type"] == "text/csv; charset=utf-8"
    assert json.loads(request(server, "/runs/first/metrics.json")[2])
    status, headers, body = request(server, "/runs/first/report.html", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "24", "")


@pytest.mark.parametrize(
    "path",
    [
        "/runs/first/patients.parquet",
        "/runs/first/predictions.parquet",
        "/runs/first/config.yaml",
        "/runs/first/model/settings.json",
        "/runs/first/stolen.csv",
        "/runs/link/report.html",
        "/runs/unfinished/metrics.json",
        "/runs/first",
        "/runs/first/",
        "/runs//report.html",
        "/runs/./report.html",
        "/runs/first/../second/report.html",
        "/runs/../runs/first/report.html",
        "/runs/first/../../../secret.csv",
        "/runs/first/..%2f..%2f..%2fsecret.csv",
        "/runs/%2e%2e/outside/report.html",
        "/runs/..%5c..%5csecret.csv/report.html",
        "/runs/first/%2e%2e%2f%2e%2e%2fsecret.csv",
        "/runs/first/%252e%252e/secret.csv",
        "/runs/first/report.html%00.csv",
        "//etc/passwd",
        "/etc/passwd",
        "/%2fetc%2fpasswd",
        "/runs/%2fetc/passwd",
    ],
)
def test_nothing_else_is_found(server: Server, path: str) -> None:
    status, _, body = request(server, path)
    assert status == 404
    assert SECRET not in body
    assert "root:" not in body


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", "[::1]:{}", "127.0.0.1:{}.evil"]
)
def test_another_host_is_refused(server: Server, host: str) -> None:
    status, headers, _ = request(server, "/", Host=host.format(server.server_port))
    assert status == 403
    # Another host name is refused even with the right token.
    status, headers, _ = request(server, f"/?token={server.token}", Host=host.format(server.server_port))
    assert status == 403
    assert "Set-Cookie" not in headers


@pytest.mark.parametrize(
    "lines",
    ["GET / HTTP/1.1", "GET / HTTP/1.1\r\nHost: 127.0.0.1:{0}\r\nHost: evil.example", "GET /"],
    ids=["none", "two", "http09"],
)
def test_one_host_has_to_be_named(server: Server, lines: str) -> None:
    text = lines.format(server.server_port) + f"\r\nCookie: {server.cookie}={server.token}\r\n\r\n"
    assert b"200 OK" not in raw(server, text)
    assert b"first" not in raw(server, text)


def test_an_absolute_target_is_refused(server: Server) -> None:
    head = f"Host: 127.0.0.1:{server.server_port}\r\nCookie: {server.cookie}={server.token}\r\n\r\n"
    assert b" 400 " in raw(server, f"GET http://evil.example/ HTTP/1.1\r\n{head}").splitlines()[0]


def raw(server: Server, text: str) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=10) as connection:
        connection.sendall(text.encode())
        connection.shutdown(socket.SHUT_WR)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_localhost_is_this_machine_too(server: Server) -> None:
    assert request(server, "/", Host=f"localhost:{server.server_port}")[0] == 200


def test_the_token_is_required(server: Server) -> None:
    for path in ("/", "/runs/first/report.html", "/compare", "/nothing"):
        status, headers, body = request(server, path, cookie=False)
        assert status == 403
        assert "Set-Cookie" not in headers
        assert "first" not in body
    for wrong in ("", "x", server.token[:-1], server.token + "x", "%C3%A9", "%00"):
        assert request(server, f"/?token={wrong}", cookie=False)[0] == 403
        assert request(server, "/", cookie=False, Cookie=f"{server.cookie}={wrong}")[0] == 403
    assert request(server, "/", cookie=False, Cookie=f"other={server.token}")[0] == 403
    status, headers, _ = request(server, f"/?token={server.token}", cookie=False)
    assert (status, headers["Location"]) == (303, "/")
    cookie, *rules = headers["Set-Cookie"].split("; ")
    assert set(rules) == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert request(server, "/", cookie=False, Cookie=f"a=b; {cookie}")[0] == 200


def test_the_token_is_new_at_every_start(runs: Path) -> None:
    with Server(Catalogue(runs)) as one, Server(Catalogue(runs)) as two:
        assert one.token != two.token
        assert len(one.token) >= 43
        assert one.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"]
)
def test_only_reading_is_allowed(server: Server, method: str) -> None:
    status, headers, _ = request(server, "/", method)
    assert status == 405
    assert headers["Allow"] == "GET, HEAD"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_long_query_is_refused(server: Server) -> None:
    assert request(server, "/compare?" + "&".join(["run=first"] * 500))[0] == 400


@pytest.mark.parametrize("order", ["name", "cohort", "endpoint", "date", "why; drop"])
def test_the_table_can_be_ordered(server: Server, order: str) -> None:
    status, _, page = request(server, f"/?order={order.replace(' ', '%20')}")
    assert status == 200
    assert "aria-sort" in page
    if order == "name":
        assert page.index("/runs/first/") < page.index("/runs/second/")


@pytest.mark.usefixtures("heeded_ctrl_c")
def test_ctrl_c_ends_it(runs: Path) -> None:
    words = [sys.executable, "-m", "stratomics", "ui", str(runs)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline()
        assert address.startswith("http://127.0.0.1:")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=20) == 0
        assert "Traceback" not in process.stderr.read()


def test_invalid_arguments_have_messages(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ui", str(runs / "absent")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert main(["ui", str(runs), "--port", "70000"]) == 2
    assert "--port is 70000" in capsys.readouterr().err
    with Server(Catalogue(runs)) as server:
        assert main(["ui", str(runs), "--port", str(server.server_port)]) == 2
    assert "omit --port" in capsys.readouterr().err


def test_runs_are_searched_by_name_cohort_and_note(server: Server, runs: Path) -> None:
    (runs / "notes.yaml").write_text("first: fewer <b>repeats</b>\nsecond: final\n")
    everything = request(server, "/")[2]
    assert "fewer &lt;b&gt;repeats&lt;/b&gt;" in everything
    for words, expected in (
        ("FEWER", {"first"}),
        ("first tcga", {"first"}),
        ("tcga_acc%20survival", {"first", "second"}),
        ("nothing", set()),
    ):
        _, _, page = request(server, f"/?q={words.replace(' ', '%20')}&order=name")
        assert {name for name in ("first", "second") if f"/runs/{name}/" in page} == expected
        assert " of 3 runs" in page
    assert "<b>" not in request(server, "/?q=%3Cb%3E")[2].partition("</form>")[0]


@pytest.mark.parametrize("content", ["[1, 2", "- a list", "\x00"])
def test_notes_that_cannot_be_read_are_left_out(server: Server, runs: Path, content: str) -> None:
    (runs / "notes.yaml").write_text(content)
    status, _, page = request(server, "/")
    assert status == 200
    assert "/runs/first/" in page


def test_notes_outside_the_folder_are_not_read(server: Server, runs: Path) -> None:
    (runs.parent / "secret.yaml").write_text(f"first: {SECRET}\n")
    (runs / "notes.yaml").symlink_to(runs.parent / "secret.yaml")
    assert SECRET not in request(server, "/")[2]


def test_the_best_value_is_marked_and_two_runs_have_differences(server: Server, runs: Path) -> None:
    metrics = read_json(runs / "second" / "metrics.json")
    key, other = metrics["metric"], "harrell_c"
    metrics["survival"][key]["estimate"] -= 0.05
    metrics["survival"][other]["estimate"] -= 0.05
    write_json(runs / "second" / "metrics.json", metrics)
    _, _, page = request(server, "/compare?run=first&run=second")
    lines = {line.split("</th>")[0].rpartition(">")[2]: line for line in page.splitlines() if "<th" in line}
    # A lower integrated Brier score is better, and a higher concordance.
    brier, concordance = lines["IBS, lower is better"], lines["Harrell C, higher is better"]
    assert brier.index("<strong>") > brier.index("</td>")
    assert concordance.index("<strong>") < concordance.index("</td>")
    assert brier.count("<strong>") == concordance.count("<strong>") == 1
    assert '<td class="n">-0.050</td>' in brier
    # Equal values are not the best.
    assert "<strong>" not in lines["time-dependent AUC, higher is better"]
    assert '<td class="n">0.000</td>' in lines["time-dependent AUC, higher is better"]
    # Three runs have no difference, and runs of different patients have neither.
    shutil.copytree(runs / "second", runs / "third")
    three = request(server, "/compare?run=first&run=second&run=third")[2]
    assert "second minus first" not in three
    assert three.count("<strong>") > 0
    provenance = read_json(runs / "second" / "provenance.json")
    write_json(runs / "second" / "provenance.json", provenance | {"cohort_digest": "another"})
    different = request(server, "/compare?run=first&run=second")[2]
    assert "<strong>" not in different
    assert "second minus first" not in different


def test_only_the_script_of_the_pages_may_run(server: Server) -> None:
    _, headers, page = request(server, "/")
    assert page.count("<script") == 1
    script = page.partition("<script>")[2].partition("</script>")[0]
    assert policy_of(script) in headers["Content-Security-Policy"]
