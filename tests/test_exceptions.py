"""The exceptions: requests' tree to the letter."""

from __future__ import annotations

import inspect
import json
import pickle
import subprocess
import sys
from types import ModuleType

import pytest
import requests.exceptions

import martlet.exceptions
from martlet.timeouts import Timeout as Times

NAMES = [
    name
    for name, value in vars(requests.exceptions).items()
    if inspect.isclass(value) and value.__module__ == "requests.exceptions"
]


def mro(library: ModuleType, name: str) -> list[str]:
    return [base.__qualname__ for base in getattr(library.exceptions, name).__mro__]


@pytest.mark.parametrize("name", NAMES)
def test_bases_are_those_of_requests(name: str) -> None:
    assert mro(martlet, name) == mro(requests, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_exception_pickles_with_its_arguments(library: ModuleType, name: str) -> None:
    kind = getattr(library.exceptions, name)
    error = kind("message", "document", 3) if name == "JSONDecodeError" else kind("message")
    twin = pickle.loads(pickle.dumps(error))
    assert (type(twin), twin.args) == (kind, error.args)


def test_the_request_is_taken_from_the_response(library: ModuleType) -> None:
    response = library.Response()
    response.request = library.Request("GET", "http://a.test/")
    error = library.RequestException("m", response=response)
    assert (error.response, error.request, str(error), error.errno) == (response, response.request, "m", None)
    given = library.Request("PUT", "http://b.test/")
    assert library.RequestException(response=response, request=given).request is given
    bare = library.HTTPError()
    assert (bare.request, bare.response) == (None, None)


def test_a_json_error_tells_where(library: ModuleType) -> None:
    error = library.exceptions.JSONDecodeError("bad", "[1,", 3)
    assert isinstance(error, json.JSONDecodeError)
    assert (error.msg, error.doc, error.pos, str(error)) == ("bad", "[1,", 3, "bad: line 1 column 4 (char 3)")


def test_a_decoding_error_is_one_of_urllib3(library: ModuleType) -> None:
    import urllib3

    with pytest.raises(urllib3.exceptions.HTTPError):
        raise library.exceptions.ContentDecodingError("x")


def test_a_connect_timeout_is_caught_both_ways(library: ModuleType) -> None:
    for kind in (library.ConnectionError, library.Timeout):
        with pytest.raises(kind):
            raise library.ConnectTimeout("late")


def test_requests_connection_error_is_not_the_builtin_one(library: ModuleType) -> None:
    assert not issubclass(library.ConnectionError, ConnectionError)
    assert issubclass(library.ConnectionError, OSError)


def test_timeout_made_of_times_is_a_setting_and_of_anything_else_an_exception() -> None:
    assert martlet.Timeout(connect=3, total=30) == Times(connect=3, total=30)
    assert martlet.Timeout(3, 27) == Times(connect=3, read=27)
    for arguments in ((), ("late",), (None,), ("late", 5)):
        assert isinstance(martlet.Timeout(*arguments), martlet.exceptions.Timeout)
    response = martlet.Response()
    assert martlet.Timeout(response=response).response is response
    assert isinstance(martlet.ReadTimeout(5), martlet.exceptions.ReadTimeout)


def test_no_expensive_module_is_loaded_for_the_tree() -> None:
    program = "import sys, martlet.exceptions as e; e.Timeout; print(*{'urllib3', 'json'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
