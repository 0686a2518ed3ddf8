"""What is imported is declared: a package that only comes along with another one may leave with it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ("workflows", "activities", "services", "workers", "api", "frontend", "deploy")
OWN: Final = frozenset((*SOURCES, "tests", "benchmarks"))
ONLY_EMBEDDED: Final = ("deploy", "benchmarks", "tests")
"""What runs where the extra `embedded` is installed."""
COMES_WITH: Final = {"psycopg-pool": "psycopg"}
"""Installed by an extra that the declaration names."""


def test_every_import_of_the_sources_is_a_declared_dependency() -> None:
    for folder in SOURCES:
        declared = _declared() | (_declared("embedded") if folder in ONLY_EMBEDDED else set())
        assert _undeclared(_imports(ROOT / folder), declared) == [], folder


def test_every_import_of_the_tests_is_declared_for_development() -> None:
    declared = _declared() | _declared("embedded") | _declared("dev")
    for folder in ("tests", "benchmarks"):
        assert _undeclared(_imports(ROOT / folder), declared) == [], folder


def test_an_import_that_nothing_declares_is_found(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("def f() -> None:\n    import idna.core\n", encoding="utf-8")
    assert [found for found, _ in _undeclared(_imports(tmp_path), _declared())] == ["idna"]


def test_the_locks_pin_what_is_asked_for_with_an_extra_with_that_extra() -> None:
    """pip resolves `coverage[toml]` apart from `coverage`: pinned without it, the next release breaks the set-up."""
    for lock in ("requirements-server.lock", "requirements.lock", "requirements-dev.lock"):
        assert _lost_extras((ROOT / lock).read_text(encoding="utf-8")) == [], f"{lock}: see docs/dependencies.md"


def test_a_lock_that_lost_an_extra_is_found() -> None:
    assert _lost_extras("pytest-cov==7.1.0\ncoverage==7.17.4\n") == ["pytest-cov asks for coverage[toml]"]


def _lost_extras(lock: str) -> list[str]:
    pinned = {
        _canonical(name): {_canonical(extra) for extra in extras.split(",") if extra}
        for name, extras in re.findall(r"^([A-Za-z0-9._-]+)(?:\[([a-z0-9, _.-]+)\])?==", lock.replace(", ", ","), re.M)
    }
    lost = []
    for name in pinned:
        try:
            wanted = [Requirement(line) for line in requires(name) or ()]
        except PackageNotFoundError:
            continue  # for another system or Python than this one
        for one in wanted:
            target = _canonical(one.name)
            applies = one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *pinned[name]))
            missing = {_canonical(extra) for extra in one.extras} - pinned.get(target, set())
            if applies and target in pinned and missing:
                lost.append(f"{name} asks for {target}[{','.join(sorted(missing))}]")
    return lost


def _declared(extra: str | None = None) -> set[str]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    return {_canonical(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in listed}


def _imports(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((alias.name.partition(".")[0], path) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                yield node.module.partition(".")[0], path


def _undeclared(imports: Iterable[tuple[str, Path]], declared: set[str]) -> list[tuple[str, Path]]:
    distributions = packages_distributions()
    found = []
    for module, path in dict.fromkeys(imports):
        if module in OWN or module in sys.stdlib_module_names:
            continue
        names = {_canonical(name) for name in distributions.get(module, [module])}
        if not (names | {COMES_WITH.get(name, name) for name in names}) & declared:
            found.append((module, path))
    return found


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
