"""Processes that start at once and find the browser's files out of date: one of them builds, the others wait for it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from frontend.ui import build as builder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the builder writes to in this test; the files of the other tests stay alone."""
    folder = tmp_path / "build"
    monkeypatch.setattr(builder, "BUILD_FOLDER", folder)
    monkeypatch.setattr(builder, "ASSET_FOLDER", folder / "assets")
    monkeypatch.setattr(builder, "ASSET_MANIFEST", folder / "manifest.json")
    monkeypatch.setattr(builder, "STAMP", folder / "sources.sha256")
    return folder


def test_two_builds_at_once_are_one_and_it_is_whole(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fingerprint, both_looked = builder._fingerprint, threading.Event()
    looked: set[int] = set()
    compiled: list[int] = []

    def look() -> str:
        found = fingerprint()
        looked.add(threading.get_ident())
        if len(looked) == 2:
            both_looked.set()
        return found

    def compile_styles(_environment: object, _names: object) -> bytes:
        compiled.append(threading.get_ident())
        # The first is in the midst of it when the other looks, and finds nothing built.
        assert both_looked.wait(60)
        return b"body{}"

    monkeypatch.setattr(builder, "_fingerprint", look)
    monkeypatch.setattr(builder, "_compile_styles", compile_styles)
    with ThreadPoolExecutor(2) as two:
        outcomes = sorted(attempt.result() for attempt in [two.submit(builder.build), two.submit(builder.build)])
    assert (outcomes, len(compiled)) == ([False, True], 1)
    icons = builder.NODE_MODULES / "lucide-static" / "icons"
    assert {path.name for path in (folder / "icons").iterdir()} == {path.name for path in icons.glob("*.svg")}
    assert builder.build() is False
