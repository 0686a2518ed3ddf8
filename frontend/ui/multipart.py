"""A form with a file, read as it arrives: its fields first, as they stand before the file, then the file in pieces."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

FIELD_MAX: Final = 16 * 1024
"""Bytes of all fields together, and of the headers of one part."""
_DISPOSITION: Final = b"content-disposition"


class MalformedForm(Exception):
    """It is no form, or too much stands before its file."""


@dataclass(frozen=True, slots=True)
class FileForm:
    """``name`` is empty where nobody chose a file. ``chunks`` can be taken once."""

    fields: dict[str, str]
    name: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    file: str | None


_Event = _Part | bytes | None


@dataclass(slots=True)
class FormEvents:
    """What a parser found: parts that begin, their data, and None for their ends."""

    found: list[_Event] = field(default_factory=list)
    _name: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _part: _Part = _Part("", None)

    def parser(self, content_type: str) -> MultipartParser:
        """Raises MalformedForm for another kind of body."""
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise MalformedForm
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._grow(self._name, data[start:end]),
                "on_header_value": lambda data, start, end: self._grow(self._value, data[start:end]),
                "on_header_end": self._header,
                "on_headers_finished": lambda: self.found.append(self._part),
                "on_part_data": lambda data, start, end: self.found.append(bytes(data[start:end])),
                "on_part_end": lambda: self.found.append(None),
            },
        )

    def _begin(self) -> None:
        self._part = _Part("", None)
        self._clear()

    def _header(self) -> None:
        if bytes(self._name).lower() == _DISPOSITION:
            _, options = parse_options_header(bytes(self._value))
            file = options.get(b"filename")
            name = options.get(b"name", b"").decode("utf-8", "replace")
            self._part = _Part(name, None if file is None else file.decode("utf-8", "replace"))
        self._clear()

    def _clear(self) -> None:
        self._name.clear()
        self._value.clear()

    @staticmethod
    def _grow(target: bytearray, data: bytes) -> None:
        target += data
        if len(target) > FIELD_MAX:
            raise MalformedForm


def field_in(start: bytes, content_type: str, name: str) -> str:
    """A field that stands whole in the first bytes of a form; empty when it does not."""
    events = FormEvents()
    try:
        events.parser(content_type).write(start)
    except (FormParserError, MalformedForm):
        return ""
    value: bytearray | None = None
    for event in events.found:
        if isinstance(event, _Part):
            value = bytearray() if event.name == name and event.file is None else None
        elif event is None and value is not None:
            return value.decode("utf-8", "replace")
        elif isinstance(event, bytes) and value is not None:
            value += event
    return ""


async def read_form(stream: AsyncIterator[bytes], content_type: str) -> FileForm:
    """Raises MalformedForm. Fields after the file are not looked at."""
    events = _events(stream, content_type)
    fields: dict[str, str] = {}
    name, value, size = "", bytearray(), 0
    async for event in events:
        if isinstance(event, _Part):
            if event.file is not None:
                return FileForm(fields, event.file, _data(events))
            name, value = event.name, bytearray()
        elif event is None:
            fields[name] = value.decode("utf-8", "replace")
        else:
            value += event
            size += len(event)
            if size > FIELD_MAX:
                raise MalformedForm
    return FileForm(fields, "", _data(events))


async def _data(events: AsyncGenerator[_Event]) -> AsyncIterator[bytes]:
    """Of the file; what follows it is read and dropped, so that the sender is heard to the end."""
    is_over = False
    async for event in events:
        is_over = is_over or event is None
        if isinstance(event, bytes) and not is_over:
            yield event


async def _events(stream: AsyncIterator[bytes], content_type: str) -> AsyncGenerator[_Event]:
    events = FormEvents()
    parser = events.parser(content_type)
    try:
        async for chunk in stream:
            parser.write(chunk)
            for event in events.found:
                yield event
            events.found.clear()
        parser.finalize()
    except FormParserError as error:
        raise MalformedForm from error
