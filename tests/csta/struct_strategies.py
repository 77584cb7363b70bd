"""Hypothesis strategies for msgspec structs, made from their own type information."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from msgspec import inspect

from csta.monitor_services import MonitorObject

Struct = TypeVar("Struct", bound=msgspec.Struct)

_INTEGER_MAX = 2**53 - 1  # what JSON carries through every reader

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-_INTEGER_MAX, _INTEGER_MAX) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)

_ONE_OBJECT = st.builds(MonitorObject, device_object=st.text(min_size=1))


def structs(cls: type[Struct]) -> SearchStrategy[Struct]:
    """Make values of a struct: required members always, the others now and then."""
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    members = {field.name: _values(field.type) for field in info.fields if field.required}
    options = {field.name: _values(field.type) for field in info.fields if not field.required}
    both = st.fixed_dictionaries(members, optional=options)
    return both.map(lambda chosen: cls(**chosen))


def _values(info: inspect.Type) -> SearchStrategy[Any]:
    for kind, make in _MAKERS.items():
        if isinstance(info, kind):
            return make(info)
    problem = f"no strategy for {info}"
    raise AssertionError(problem)


def _texts(info: inspect.StrType) -> SearchStrategy[str]:
    if info.pattern:
        return st.from_regex(info.pattern.replace("$", r"\Z"))
    return st.text(min_size=info.min_length or 0, max_size=8)


def _integers(info: inspect.IntType) -> SearchStrategy[int]:
    least = -_INTEGER_MAX if info.ge is None else info.ge
    if info.gt is not None:
        least = info.gt + 1
    return st.integers(least, _INTEGER_MAX if info.le is None else info.le)


_MAKERS: dict[type[inspect.Type], Callable[[Any], SearchStrategy[Any]]] = {
    inspect.StrType: _texts,
    inspect.IntType: _integers,
    inspect.BoolType: lambda _: st.booleans(),
    inspect.NoneType: lambda _: st.none(),
    inspect.EnumType: lambda info: st.sampled_from(list(info.cls)),
    inspect.LiteralType: lambda info: st.sampled_from(info.values),
    inspect.VarTupleType: lambda info: st.lists(_values(info.item_type), max_size=2).map(tuple),
    inspect.DictType: lambda info: st.dictionaries(
        _values(info.key_type), _values(info.value_type), max_size=2
    ),
    inspect.UnionType: lambda info: st.one_of([_values(one) for one in info.types]),
    inspect.StructType: lambda info: (
        _ONE_OBJECT if info.cls is MonitorObject else structs(info.cls)
    ),
    inspect.AnyType: lambda _: _JSON,
}
