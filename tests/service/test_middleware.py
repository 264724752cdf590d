"""The middleware: who may ask, from where, how much and how often; as ASGI, without a server."""

import asyncio
import json

import pytest

from serving.access import Keys, Rate, is_local
from serving.exchange import CALL
from serving.middleware import RequestMiddleware
from serving.routes import Route
from serving.settings import Settings
from serving.telemetry import REFUSALS

KEY, OTHER = "k" * 16, "l" * 20
HERE = ("127.0.0.1", 40000)
THERE = ("203.0.113.9", 40000)
ROUTES = {
    "/predict": Route("/predict", ("POST",)),
    "/health": Route("/health"),
    "/readyz": Route("/readyz", is_open=True),
    "/page": Route("/page", is_page=True),
}
JSON = {"content-type": "application/json"}


class Counted:
    """Stands in for the metrics."""

    def __init__(self):
        self.reasons = []

    def refuse(self, reason):
        assert reason in REFUSALS
        self.reasons.append(reason)


async def echo(scope, receive, send):
    body = scope[CALL].body or b"read"
    headers = [(b"server", b"BentoML"), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def failing(scope, receive, send):
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b"Traceback: secret"})


def middleware(app=echo, **settings):
    chosen = Settings(**{"rate_limit": "off", "api_keys": f"{KEY},{OTHER}", **settings})
    return RequestMiddleware(app, ROUTES, chosen, Counted())


def scope_of(method, path, headers, client, server):
    given = {"host": "127.0.0.1:3000", **headers}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(k.encode(), v.encode()) for k, v in given.items()],
        "client": client,
        "server": server,
    }


async def ask(
    app, path="/predict", *, method="POST", headers=(), client=HERE, server=None, body=(b"{}",),
    pause=0.0,
):  # fmt: skip
    """Status, headers and body of an answer; each part of the body comes after a pause."""
    waiting = [
        {"type": "http.request", "body": part, "more_body": i + 1 < len(body)}
        for i, part in enumerate(body)
    ]
    sent = []

    async def receive():
        if not waiting:
            await asyncio.sleep(60)
        if pause:
            await asyncio.sleep(pause)
            await asyncio.sleep(0)
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    scope = scope_of(method, path, dict(headers or JSON), client, server or client)
    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), content


def asked(*args, **options):
    return asyncio.run(ask(*args, **options))


# --- keys --------------------------------------------------------------------------------------


def test_from_this_machine_no_key_is_needed():
    assert asked(middleware())[0] == 200


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_from_elsewhere_each_of_the_keys_opens(key):
    headers = {**JSON, "x-api-key": key}
    assert asked(middleware(), headers=headers, client=THERE, server=("10.0.0.5", 3000))[0] == 200


@pytest.mark.parametrize("key", ["", "wrong", KEY[:-1], KEY + "k", KEY.upper()])
def test_from_elsewhere_nothing_else_does(key):
    app = middleware()
    headers = {**JSON, **({"x-api-key": key} if key else {})}
    for path, method in (("/predict", "POST"), ("/health", "GET"), ("/nothing", "GET")):
        status, _, body = asked(
            app, path, method=method, headers=headers, client=THERE, server=("10.0.0.5", 3000)
        )
        assert status == 401
        assert set(json.loads(body)) == {"error", "details"}
    assert app.metrics.reasons == ["key"] * 3


def test_without_any_key_configured_only_this_machine_comes_in():
    app = middleware(api_keys="")
    assert asked(app)[0] == 200
    assert asked(app, client=THERE, server=("10.0.0.5", 3000))[0] == 401


def test_probes_are_open_to_everybody():
    away = {"client": THERE, "server": ("10.0.0.5", 3000)}
    assert asked(middleware(), "/readyz", method="GET", **away)[0] == 200


@pytest.mark.parametrize(
    ("client", "server", "headers", "local"),
    [
        ("127.0.0.1", "127.0.0.1", {}, True),
        ("127.5.5.5", "127.0.0.1", {}, True),
        ("::1", "::1", {b"host": b"[::1]:3000"}, True),
        ("203.0.113.9", "127.0.0.1", {}, False),
        ("127.0.0.1", "10.0.0.5", {}, False),  # as if a proxy's word for the client were taken
        ("10.0.0.5", "10.0.0.5", {}, False),
        ("127.0.0.1", "127.0.0.1", {b"x-forwarded-for": b"127.0.0.1"}, False),
        ("127.0.0.1", "127.0.0.1", {b"forwarded": b"for=127.0.0.1"}, False),
        ("127.0.0.1", "127.0.0.1", {b"host": b"evil.example:3000"}, False),
        ("127.0.0.1", "127.0.0.1", {b"host": b"localhost"}, True),
        ("unix", "127.0.0.1", {}, False),
    ],
)
def test_what_counts_as_this_machine(client, server, headers, local):
    scope = {"client": (client, 1), "server": (server, 3000)}
    assert is_local(scope, {b"host": b"127.0.0.1:3000", **headers}) is local


def test_a_connection_without_addresses_is_not_of_this_machine():
    assert not is_local({"client": None, "server": None}, {b"host": b"localhost"})


def test_every_key_is_compared(monkeypatch):
    compared = []
    from serving import access

    real = access.hmac.compare_digest
    monkeypatch.setattr(
        access.hmac, "compare_digest", lambda a, b: compared.append(1) or real(a, b)
    )
    assert Keys([KEY, OTHER]).match(KEY.encode()) == "key 1"
    assert len(compared) == 2


# --- how often, how many -----------------------------------------------------------------------


def test_too_many_requests_get_the_time_to_come_again():
    app = middleware(rate_limit="3/minute")
    statuses = [asked(app)[0] for _ in range(3)]
    status, headers, _ = asked(app)
    assert (statuses, status) == ([200] * 3, 429)
    assert 1 <= int(headers[b"retry-after"]) <= 60
    assert asked(app, "/readyz", method="GET")[0] == 200


def test_callers_are_counted_apart():
    rate = Rate("1/minute")
    assert [bool(rate.wait(who)) for who in ("key 1", "key 2", "key 1")] == [False, False, True]


def test_guessing_keys_is_slowed_down():
    app = middleware(rate_limit="2/minute")
    away = {"client": THERE, "server": ("10.0.0.5", 3000)}
    statuses = [
        asked(app, headers={**JSON, "x-api-key": f"guess-{i}"}, **away)[0] for i in range(4)
    ]
    assert statuses == [401, 401, 429, 429]


def test_only_so_many_at_a_time():
    async def slow(scope, receive, send):
        await asyncio.sleep(0.05)
        await echo(scope, receive, send)

    async def crowd():
        app = middleware(slow, max_concurrency=3)
        first = await asyncio.gather(*(ask(app) for _ in range(5)))
        return [*first, await ask(app)]

    answers = asyncio.run(crowd())
    assert sorted(status for status, _, _ in answers) == [200] * 4 + [429] * 2
    assert all(h[b"retry-after"] for status, h, _ in answers if status == 429)


# --- bodies ------------------------------------------------------------------------------------


def test_a_body_in_pieces_arrives_whole():
    assert asked(middleware(), body=(b'{"a"', b": ", b"1}"))[2] == b'{"a": 1}'


def test_a_body_that_declares_too_much_is_refused_unread():
    headers = {**JSON, "content-length": "2000000"}
    assert asked(middleware(max_body_mb=1), headers=headers, body=())[0] == 413


def test_a_body_that_lies_about_its_size_is_refused():
    body = tuple(b"x" * 400_000 for _ in range(4))
    headers = {**JSON, "content-length": "10"}
    assert asked(middleware(max_body_mb=1), headers=headers, body=body)[0] == 413
    assert asked(middleware(max_body_mb=1), body=(b"x" * 1_000_001,))[0] == 413


@pytest.mark.parametrize("pause", [0.0, 0.001])
def test_a_body_is_read_whole_whether_its_parts_are_there_or_waited_for(pause):
    body = (b'{"fea', b"tures", b'": {}}')
    status, _, content = asked(middleware(), body=body, pause=pause)
    assert (status, content) == (200, b"".join(body))


def test_a_body_that_trickles_in_is_given_up():
    assert asked(middleware(body_seconds=0.05), body=())[0] == 408


def test_a_web_socket_is_turned_away():
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(middleware()({"type": "websocket", "path": "/predict"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


# --- answers -----------------------------------------------------------------------------------


def test_an_error_from_inside_takes_our_shape_and_tells_nothing():
    status, _, body = asked(middleware(failing))
    assert status == 500
    assert set(json.loads(body)) == {"error", "details"}
    assert b"secret" not in body


def test_an_answer_names_no_software_and_carries_an_id():
    _, headers, _ = asked(middleware(), headers={**JSON, "x-request-id": "abc"})
    assert b"server" not in headers
    assert headers[b"x-request-id"] == b"abc"
    assert b"'none'" in headers[b"content-security-policy"]
