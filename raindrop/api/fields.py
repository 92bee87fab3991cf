"""Serializer fields of awkward names."""

from typing import Any

from rest_framework import serializers


def hiding(field: serializers.Field[Any, Any, Any, Any]) -> Any:
    """A field whose name hides an attribute of its serializer (`label`, `source`, `parent`, `errors`), which DRF allows and the type stubs do not."""
    return field
