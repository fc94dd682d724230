"""Retries by a urllib3.Retry: as often, after the same pauses, and with the same end as in requests."""

from __future__ import annotations

from typing import Any

import pytest
from urllib3 import Retry

import martlet
from handles import Done, Handle, response_over
from martlet import exceptions
from martlet.adapters import HTTPAdapter
from test_aio import Engine

HERE = "http://a.test/"


class Flaky(Engine):
    """Raises the exceptions among what it is given, answers with the rest."""

    def __init__(self, *outcomes: Any) -> None:
        super().__init__()
        self.outcomes = list(outcomes)

    def send(self, prepared: Any, **settings: Any) -> Done:
        self.sent.append(prepared.body.read() if hasattr(prepared.body, "read") else prepared.body)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return Done(response_over(outcome))


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses made, none of which takes time."""
    made: list[float] = []
    monkeypatch.setattr("martlet.exchange.time.sleep", made.append)
    return made


def send(engine: Flaky, retries: Any, method: str = "GET", data: Any = None) -> martlet.Response:
    adapter = HTTPAdapter(max_retries=retries)
    adapter._martlet_client = engine  # type: ignore[assignment]
    return adapter.send(martlet.Request(method, HERE, data=data).prepare())


def before_sending(kind: type[exceptions.RequestException]) -> exceptions.RequestException:
    error = kind("no way there")
    error.phase = "connect"  # type: ignore[attr-defined]
    return error


def test_a_failed_connection_is_tried_again_as_often_as_allowed(pauses: list[float]) -> None:
    refused = before_sending(exceptions.ConnectionError)
    assert send(Flaky(refused, refused, Handle(body=b"ok")), 2).content == b"ok"
    engine = Flaky(refused, refused, refused)
    with pytest.raises(exceptions.ConnectionError) as caught:
        send(engine, 2)
    assert (len(engine.sent), type(caught.value.args[0]).__name__) == (3, "MaxRetryError")
    assert caught.value.request is not None


def test_without_retries_nothing_is_tried_again(pauses: list[float]) -> None:
    engine = Flaky(before_sending(exceptions.ConnectTimeout))
    with pytest.raises(exceptions.ConnectTimeout):
        send(engine, 0)
    assert len(engine.sent) == 1


@pytest.mark.parametrize(("method", "sent"), [("GET", 2), ("POST", 1)])
def test_a_read_that_failed_is_tried_again_for_idempotent_methods_alone(
    pauses: list[float], method: str, sent: int
) -> None:
    engine = Flaky(exceptions.ReadTimeout("late"), Handle(body=b"ok"))
    if sent == 1:
        with pytest.raises(exceptions.ReadTimeout):
            send(engine, Retry(3), method)
    else:
        assert send(engine, Retry(3), method).content == b"ok"
    assert len(engine.sent) == sent


def test_a_read_that_failed_too_often_is_a_connection_error_as_in_requests(pauses: list[float]) -> None:
    late = exceptions.ReadTimeout("late")
    with pytest.raises(exceptions.ConnectionError):
        send(Flaky(late, late), Retry(1))


def test_an_error_that_is_not_of_the_network_is_raised_at_once(pauses: list[float]) -> None:
    engine = Flaky(exceptions.InvalidHeader("x"))
    with pytest.raises(exceptions.InvalidHeader):
        send(engine, 3)
    assert len(engine.sent) == 1


def test_a_status_is_tried_again_after_growing_pauses(pauses: list[float]) -> None:
    engine = Flaky(Handle(503), Handle(503), Handle(503), Handle(200, body=b"ok"))
    retries = Retry(5, status_forcelist=[503], backoff_factor=0.5)
    assert send(engine, retries).content == b"ok"
    assert pauses == [0, 1.0, 2.0]


def test_the_server_says_how_long_to_wait(pauses: list[float]) -> None:
    engine = Flaky(Handle(429, [("Retry-After", "7")]), Handle(200, body=b"ok"))
    assert send(engine, Retry(1, status_forcelist=[429])).content == b"ok"
    assert pauses == [7]


def test_when_the_retries_of_a_status_are_used_up_it_is_an_error_or_the_response(pauses: list[float]) -> None:
    with pytest.raises(exceptions.RetryError, match="too many 503 error responses"):
        send(Flaky(Handle(503), Handle(503)), Retry(1, status_forcelist=[503]))
    lenient = Retry(1, status_forcelist=[503], raise_on_status=False)
    assert send(Flaky(Handle(503), Handle(503)), lenient).status_code == 503


def test_a_body_is_put_back_before_it_is_sent_again(pauses: list[float]) -> None:
    import io

    engine = Flaky(Handle(503), Handle(200, body=b"ok"))
    send(engine, Retry(1, status_forcelist=[503], allowed_methods=None), "POST", io.BytesIO(b"abc"))
    assert engine.sent == [b"abc", b"abc"]


def test_a_retry_of_ones_own_is_asked(pauses: list[float]) -> None:
    asked: list[int] = []

    class Own(Retry):
        def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
            asked.append(status_code)
            return False

    send(Flaky(Handle(500)), Own(3))
    assert asked == [500]
