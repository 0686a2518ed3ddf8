"""One file out of a form as browsers send it (multipart/form-data, RFC 7578), part by part as it arrives."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from services.kit.errors import BadRequest, Text, Unprocessable, UnsupportedMediaType

HEAD_MAX: Final = 8 * 1024
"""Bytes of the headers of one part."""
_DISPOSITION: Final = "content-disposition"


@dataclass(frozen=True, slots=True)
class Upload:
    """``name``: as it was sent. ``chunks`` can be taken once."""

    name: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class _Part:
    """One that begins."""

    disposition: bytes


_Event = _Part | bytes | None
"""A part that begins, data of it, its end."""


@dataclass(slots=True)
class _Events:
    """What the parser found in the last piece."""

    found: list[_Event] = field(default_factory=list)
    _names: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _head: int = 0
    _disposition: bytes = b""

    def begin(self) -> None:
        self._head, self._disposition = 0, b""
        self._clear()

    def name(self, data: bytes, start: int, end: int) -> None:
        self._grow(end - start)
        self._names += data[start:end]

    def value(self, data: bytes, start: int, end: int) -> None:
        self._grow(end - start)
        self._value += data[start:end]

    def header(self) -> None:
        if self._names.decode("latin-1").lower() == _DISPOSITION:
            self._disposition = bytes(self._value)
        self._clear()

    def head(self) -> None:
        self.found.append(_Part(self._disposition))

    def data(self, data: bytes, start: int, end: int) -> None:
        self.found.append(bytes(data[start:end]))

    def end(self) -> None:
        self.found.append(None)

    def _clear(self) -> None:
        self._names.clear()
        self._value.clear()

    def _grow(self, by: int) -> None:
        self._head += by
        if self._head > HEAD_MAX:
            raise BadRequest(Text("フォームの形式が不正です", "The form is malformed"))


async def file_of(request: Request, field_name: str) -> Upload:
    """The one file of the form. Raises BadRequest, UnsupportedMediaType, or Unprocessable where there is none.

    Its chunks end with the form: what comes after the file is refused, so that nothing is passed over unseen.
    """
    parts = _parts(request)
    part = await anext(parts, None)
    if not isinstance(part, _Part):
        raise _missing(field_name)
    kind, options = parse_options_header(part.disposition)
    name = options.get(b"filename")
    if kind != b"form-data" or options.get(b"name") != field_name.encode() or name is None:
        raise _missing(field_name)
    try:
        return Upload(name.decode("utf-8"), _content(parts))
    except UnicodeDecodeError as error:
        message = Text("ファイル名は UTF-8 で送ってください", "Send the name in UTF-8")
        raise Unprocessable.field(f"/{field_name}", "name_encoding", message) from error


async def drain(request: Request) -> None:
    """Reads what is left of the body, which the server caps: an answer that comes before its end would be lost to
    senders that only listen afterwards."""
    if not request.scope.get(_TAKEN):
        request.scope[_TAKEN] = request.stream()
    with suppress(ClientDisconnect):
        async for _ in request.scope[_TAKEN]:
            pass


_TAKEN: Final = "ringi.body"


async def _content(parts: AsyncGenerator[_Event]) -> AsyncIterator[bytes]:
    async for event in parts:
        if event is None:
            break
        assert isinstance(event, bytes)
        yield event
    else:
        raise _broken()
    async for _ in parts:
        message = Text("1 回に 1 ファイルずつ送ってください", "Send one file at a time, and nothing else")
        raise Unprocessable.field("/file", "one_file_only", message)


async def _parts(request: Request) -> AsyncGenerator[_Event]:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        message = Text("multipart/form-data で送ってください", "Send it as multipart/form-data")
        raise UnsupportedMediaType(message)
    events = _Events()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": events.begin,
                "on_header_field": events.name,
                "on_header_value": events.value,
                "on_header_end": events.header,
                "on_headers_finished": events.head,
                "on_part_data": events.data,
                "on_part_end": events.end,
            },
        )
        request.scope[_TAKEN] = request.stream()
        async for chunk in request.scope[_TAKEN]:
            parser.write(chunk)
            for event in events.found:
                yield event
            events.found.clear()
        parser.finalize()
    except (FormParserError, ClientDisconnect) as error:
        raise _broken() from error


def _missing(field_name: str) -> Unprocessable:
    message = Text("ファイルを選んでください", "Choose a file")
    return Unprocessable.field(f"/{field_name}", "file_missing", message)


def _broken() -> BadRequest:
    return BadRequest(Text("フォームの形式が不正です", "The form is malformed"))
