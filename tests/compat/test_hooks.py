"""Hooks: when they run, what they are given, and what they may give back."""

from __future__ import annotations

import pytest

from servers.wire import redirect

from .harness import attempt, compat


@compat
def test_a_hook_sees_the_response_and_how_it_was_asked_for(client, server):
    seen = []

    def hook(response, *arguments, **keywords):
        seen.append([response.status_code, arguments, sorted(keywords)])

    client.get(server.url + "/", hooks={"response": hook})
    return seen


@compat
@pytest.mark.parametrize("kind", ["callable", "list", "tuple", "generator"])
def test_hooks_may_be_one_or_several(client, server, kind):
    order = []
    hooks = [lambda response, **_: order.append(1), lambda response, **_: order.append(2)]
    given = {"callable": hooks[0], "list": hooks, "tuple": tuple(hooks), "generator": iter(hooks)}[kind]
    client.get(server.url + "/", hooks={"response": given})
    return order


@compat
def test_hooks_of_a_call_are_run_instead_of_the_sessions(client, server):
    order = []
    client.session.hooks["response"].append(lambda response, **_: order.append("session"))
    client.get(server.url + "/")
    client.get(server.url + "/", hooks={"response": lambda response, **_: order.append("call")})
    client.get(server.url + "/", hooks={"response": []})
    return order


@compat
def test_what_a_hook_returns_takes_the_responses_place(client, server):
    def replace(response, **_):
        other = client.lib.models.Response()
        other.status_code, other._content, other.url = 299, response.content + b" and more", response.url
        other.request, other.reason = response.request, "Made"
        return other

    response = client.get(server.url + "/", hooks={"response": replace})
    return [response.status_code, response.content, response.reason]


@compat
def test_a_hook_may_read_and_change_the_response(client, server):
    def change(response, **_):
        response.headers["X-Hooked"] = "1"
        response.extra = response.status_code

    response = client.get(server.url + "/", hooks={"response": change})
    return [response, response.extra]


@compat
def test_a_hook_runs_at_every_redirect(client, server):
    seen = []
    server.on("/from", redirect(302, "/to"))
    client.get(
        server.url + "/from", hooks={"response": lambda response, **_: seen.append(response.status_code)}
    )
    assert seen == [302, 200]


@compat
def test_a_hook_that_raises_lets_its_exception_through(client, server):
    def check(response, **_):
        response.raise_for_status()
        raise LookupError("hooked")

    # Streamed: else an AsyncSession has read the body before the hook, and keeps the connection.
    raised = attempt(client.get, server.url + "/", hooks={"response": check}, stream=True)
    return [raised, client.get(server.url + "/")]


@compat
def test_a_hook_for_an_event_nobody_knows_is_refused(client, server):
    outcome = attempt(client.get, server.url + "/", hooks={"request": print})
    assert not server.requests
    return [outcome, str(outcome)]


@compat
def test_a_hook_that_cannot_be_called_is_left_out(client, server):
    return attempt(client.get, server.url + "/", hooks={"response": [5, None]})


@compat
def test_hooks_are_registered_and_taken_back(client, server):
    order = []

    def hook(response, **_):
        order.append(1)

    request = client.lib.Request("GET", server.url + "/")
    request.register_hook("response", hook)
    client.send(client.session.prepare_request(request))
    removed = [request.deregister_hook("response", hook), request.deregister_hook("response", hook)]
    wrong = attempt(request.register_hook, "other", hook)
    return [order, removed, wrong]


@compat
def test_auth_may_hook_the_response(client, server):
    def auth(request):
        request.register_hook("response", lambda response, **_: setattr(response, "seen_by_auth", True))
        return request

    assert client.get(server.url + "/", auth=auth).seen_by_auth
