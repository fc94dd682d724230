"""CaseInsensitiveDict and LookupDict: the same as in requests."""

from __future__ import annotations

import copy
import pickle
from types import ModuleType

import pytest

from martlet.structures import CaseInsensitiveDict


def test_a_key_is_found_in_any_case_and_given_back_in_the_last(library: ModuleType) -> None:
    headers = library.structures.CaseInsensitiveDict({"Content-Type": "a"})
    headers["CONTENT-type"] = "b"
    assert (headers["content-type"], list(headers), len(headers)) == ("b", ["CONTENT-type"], 1)


def test_an_overwritten_key_keeps_its_place(library: ModuleType) -> None:
    headers = library.structures.CaseInsensitiveDict([("A", 1), ("B", 2), ("a", 3)])
    assert list(headers.items()) == [("a", 3), ("B", 2)]


def test_equality_ignores_case_also_against_plain_mappings(library: ModuleType) -> None:
    headers = library.structures.CaseInsensitiveDict(Accept="x")
    assert headers == {"ACCEPT": "x"}
    assert headers != {"ACCEPT": "X"}
    assert headers != 5


def test_deleting_lowering_copying_and_showing(library: ModuleType) -> None:
    headers = library.structures.CaseInsensitiveDict({"A": 1, "B": 2})
    twin = headers.copy()
    del headers["a"]
    assert list(twin.lower_items()) == [("a", 1), ("b", 2)]
    assert repr(headers) == "{'B': 2}"
    assert type(twin) is library.structures.CaseInsensitiveDict
    assert headers.get("a") is None
    with pytest.raises(KeyError):
        headers["A"]


def test_it_is_a_mutable_mapping_that_cannot_be_hashed(library: ModuleType) -> None:
    headers = library.structures.CaseInsensitiveDict()
    headers.update({"A": 1}, b=2)
    assert headers.setdefault("a", 9) == 1
    assert headers.pop("B") == 2
    with pytest.raises(TypeError):
        hash(headers)


def test_the_store_maps_lower_case_to_the_pair(library: ModuleType) -> None:
    headers = library.structures.CaseInsensitiveDict({"Accept": "x"})
    assert dict(headers._store) == {"accept": ("Accept", "x")}


def test_pickling_and_copying_keep_everything(library: ModuleType) -> None:
    headers = library.structures.CaseInsensitiveDict({"A": 1, "b": 2})
    for twin in (pickle.loads(pickle.dumps(headers)), copy.copy(headers), copy.deepcopy(headers)):
        assert list(twin.items()) == [("A", 1), ("b", 2)]


def test_every_change_is_counted() -> None:
    headers = CaseInsensitiveDict({"A": 1})
    seen = {headers._version}
    headers["B"] = 2
    seen.add(headers._version)
    headers.update({"C": 3})
    seen.add(headers._version)
    del headers["a"]
    seen.add(headers._version)
    headers.clear()
    seen.add(headers._version)
    assert len(seen) == 5


def test_its_type_can_be_subscripted(library: ModuleType) -> None:
    assert library.structures.CaseInsensitiveDict[str]
    assert library.structures.LookupDict[int]


def test_a_lookup_gives_none_for_a_missing_item_and_an_error_for_a_missing_attribute(
    library: ModuleType,
) -> None:
    codes = library.structures.LookupDict(name="names")
    codes.ok = 200
    assert (codes["ok"], codes["missing"], codes.get("missing", 5), repr(codes)) == (
        200,
        None,
        5,
        "<lookup 'names'>",
    )
    with pytest.raises(AttributeError):
        _ = codes.missing
