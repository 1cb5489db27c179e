"""Holds docs/STYLE.md: each rule a small check that names every offence; it mends nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("cart", "firmware_bridge", "models", "store", "ui")
SOURCES = (*SHIPPED, "rig", "tests")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50
COLUMNS_MAX = 100
# A mark for a tool must stand on its line and does not count; the reason beside it does.
PRAGMA = re.compile(r"  # (noqa: [A-Z0-9, ]+|type: ignore\[[a-z-, ]+\])")

# The standard value modules, and two named libraries; the core stands on nothing else.
PURE_IMPORTS = {
    "__future__", "biip", "bisect", "collections", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "itertools", "math", "msgspec", "re", "types",
    "typing", "urllib",
}  # fmt: skip
# math knows floats too; these stay among the integers.
MATH_OF_INTEGERS = {"comb", "factorial", "gcd", "isqrt", "lcm", "perm", "prod"}
QUANTITIES = {
    "age": "_ms or _years",
    "duration": "_ms",
    "mass": "_mg",
    "price": "_minor",
    "tare": "_mg",
    "weight": "_mg",
}

# A check reads one parsed file and yields the line and what is wrong there.
Finding = tuple[int, str]
Check = Callable[[ast.Module], Iterator[Finding]]


@cache
def python_files() -> tuple[Path, ...]:
    """Return every Python file of the project, sorted."""
    return tuple(sorted(path for folder in SOURCES for path in (ROOT / folder).rglob("*.py")))


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file as a syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def generated(text: str) -> bool:
    """Tell whether a file says in its first lines that a program wrote it."""
    return bool(re.search("Generated (by|from)", "\n".join(text.splitlines()[:5])))


def within(path: Path, *folders: str) -> bool:
    """Tell whether a file is, or lies in, one of the paths named from the root."""
    return any(path == ROOT / folder or ROOT / folder in path.parents for folder in folders)


def complaints(check: Check, files: Iterator[Path]) -> list[str]:
    """Run a check over files and return what it found, as path:line: what."""
    return [
        f"{path.relative_to(ROOT)}:{line}: {what}"
        for path in files
        for line, what in sorted(check(parsed(path)))
    ]


def assert_clean(found: list[str]) -> None:
    """Fail with every finding on a line of its own."""
    assert not found, "docs/STYLE.md is broken here:\n" + "\n".join(found)


def long_functions(tree: ast.Module) -> Iterator[Finding]:
    """Find functions that do not fit on a screen."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield node.lineno, f"{node.name} has {lines} lines, at most {FUNCTION_LINES_MAX}"


def missing_docstring(tree: ast.Module) -> Iterator[Finding]:
    """Find modules that do not say what they are for."""
    if not ast.get_docstring(tree):
        yield 1, "the module does not say what it is for"


def broad_excepts(tree: ast.Module) -> Iterator[Finding]:
    """Find handlers that would also catch our own mistakes."""
    broad = {"Exception", "BaseException"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            caught = (
                {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)}
                if node.type
                else broad
            )
            if caught & broad:
                yield node.lineno, "only cart/shell/guard.py may catch everything"


def foreign_imports(tree: ast.Module) -> Iterator[Finding]:
    """Find imports that the pure rooms may not have."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                names = [alias.name for alias in aliases]
            case ast.ImportFrom(module=str(module)):
                names = [module]
            case _:
                continue
        for name in names:
            ours = name.startswith(("cart.core", "cart.contract"))
            if not ours and name.split(".")[0] not in PURE_IMPORTS:
                yield node.lineno, f"imports {name}, which the core and the contract must not know"


def floats(tree: ast.Module) -> Iterator[Finding]:
    """Find floats: the same sums must come out on every machine, to the last bit."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node.lineno, f"the float {node.value!r}"
            case ast.Name(id="float" | "complex"):
                yield node.lineno, "float as a name"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, "true division; use // with a rounding that is said aloud"
            case ast.Attribute(value=ast.Name(id="math"), attr=name) if (
                name not in MATH_OF_INTEGERS
            ):
                yield node.lineno, f"math.{name} is a function of floats"


def unordered(tree: ast.Module) -> Iterator[Finding]:
    """Find what depends on the hash seed: hash() itself, and walking through a set."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="hash")):
                yield node.lineno, "hash() differs from run to run"
            case ast.For(iter=walked) | ast.comprehension(iter=walked) if is_set(walked):
                yield walked.lineno, "walks a set, whose order differs from run to run; sort it"
            case ast.Call(func=ast.Name(id="list" | "tuple" | "enumerate"), args=[walked, *_]) if (
                is_set(walked)
            ):
                yield node.lineno, "orders a set by chance; use sorted()"


def is_set(node: ast.expr) -> bool:
    """Tell whether an expression is plainly a set."""
    match node:
        case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub() | ast.BitXor()):
            return is_set(node.left) or is_set(node.right)
    return False


def units_missing(tree: ast.Module) -> Iterator[Finding]:
    """Find integer fields and parameters that name a quantity without its unit."""
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind):
                pass
            case ast.arg(arg=name, annotation=ast.expr() as kind):
                pass
            case _:
                continue
        unit = QUANTITIES.get(name.strip("_").rpartition("_")[2])
        if unit and is_integer(kind):
            yield node.lineno, f"{name} is an integer without its unit; end it with {unit}"


def is_integer(annotation: ast.expr) -> bool:
    """Tell whether an annotation says int, or int | None."""
    match annotation:
        case ast.Name(id="int"):
            return True
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_integer(left) or is_integer(right)
    return False


def sleeps(tree: ast.Module) -> Iterator[Finding]:
    """Find tests that wait for a time where they should wait for a condition."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep")):
                yield node.lineno, "time.sleep in a test; wait for the condition, with a deadline"
            case ast.ImportFrom(module="time", names=names) if "sleep" in {n.name for n in names}:
                yield node.lineno, "time.sleep in a test; wait for the condition, with a deadline"


def types_learned_anywhere(tree: ast.Module) -> Iterator[Finding]:
    """Find JSON decoded into a type that msgspec may be learning in another thread just then."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Name(id="json") | ast.Attribute(attr="json"), attr="decode"
                ),
                keywords=[ast.keyword(arg="type")],
            ):
                yield node.lineno, "decode by decoder_of(kind), which makes one decoder at a time"


# Each rule: its check, the folders it holds in, and the files it exempts.
RULES: dict[str, tuple[Check, tuple[str, ...], tuple[str, ...]]] = {
    "functions fit on a screen": (long_functions, SOURCES, ()),
    "modules say what they are for": (missing_docstring, SOURCES, ()),
    "only the guard catches everything": (broad_excepts, SOURCES, ("cart/shell/guard.py",)),
    "the core imports values only": (
        foreign_imports, ("cart/core", "cart/contract"), ("cart/contract/decoding.py",)
    ),
    "the core has no floats": (floats, ("cart/core",), ()),
    "the core has an order": (unordered, ("cart/core", "cart/contract"), ()),
    "integers carry units": (units_missing, SOURCES, ()),
    "tests wait for conditions": (sleeps, ("tests",), ()),
    "types are learned one at a time": (types_learned_anywhere, SHIPPED, ()),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_rule(rule: str) -> None:
    """Every file keeps the rule."""
    check, folders, exempt = RULES[rule]
    files = (f for f in python_files() if within(f, *folders) and not within(f, *exempt))
    assert_clean(complaints(check, files))


def test_files_are_short() -> None:
    """A file that a person wrote has at most 400 lines of at most 100 columns."""
    found: list[str] = []
    for path in python_files():
        text = path.read_text(encoding="utf-8")
        lines = [PRAGMA.sub("", line) for line in text.splitlines()]
        name = path.relative_to(ROOT)
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                found.append(f"{name}:{number}: {len(line)} columns, at most {COLUMNS_MAX}")
        if len(lines) > FILE_LINES_MAX and not generated(text):
            found.append(f"{name}: {len(lines)} lines, at most {FILE_LINES_MAX}")
    assert_clean(found)


def test_every_exception_says_why() -> None:
    """A mark that silences a tool has its reason beside it."""
    assert_clean(
        [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
            for path in python_files()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if (mark := PRAGMA.search(line)) and not line[mark.end() :].strip()
        ]
    )


def test_nothing_is_left_over() -> None:
    """No file holds a note to oneself, or the path of one person's machine."""
    # Put together here so that this file does not find itself.
    leftovers = re.compile(
        "|".join([r"\bTO" + "DO", r"\bFIX" + "ME", "/wo" + "rk/", "/ro" + "ot/"])
    )
    suffixes = ("*.py", "*.kv", "*.md", "*.toml", "*.cfg", "*.sh", "*.c", "*.h", "*.service")
    files = [f for folder in (*SOURCES, "docs", "deploy", "firmware", "tools", "README.md")
             for suffix in suffixes for f in within_or_self(ROOT / folder, suffix)]  # fmt: skip
    assert_clean(
        [
            f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
            for path in files
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if leftovers.search(line)
        ]
    )


def within_or_self(path: Path, pattern: str) -> list[Path]:
    """Return the files below a folder that match, or the file itself."""
    return sorted(path.rglob(pattern)) if path.is_dir() else [path] if path.match(pattern) else []


# For each check, code that breaks it and code that keeps it: a check that cannot fail is none.
EXAMPLES: list[tuple[Check, str, str]] = [
    (long_functions, "def f():\n" + "    x = 1\n" * 50, "def f():\n" + "    x = 1\n" * 49),
    (missing_docstring, "x = 1", "'''Why.'''"),
    (broad_excepts, "try: pass\nexcept: pass", "try: pass\nexcept OSError: pass"),
    (broad_excepts, "try: pass\nexcept (A, Exception): pass", "try: pass\nexcept (A, B): pass"),
    (foreign_imports, "import time", "from urllib.parse import quote"),
    (foreign_imports, "from numpy import array", "from cart.core.units import Money"),
    (foreign_imports, "from cart.shell import clock", "import cart.contract.store"),
    (floats, "x = 1.0", "x = 1"),
    (floats, "x = a / b", "x = a // b"),
    (floats, "x = math.sqrt(2)", "x = math.isqrt(2)"),
    (floats, "def f(x: float): ...", "def f(x: int): ..."),
    (unordered, "hash('a')", "hashlib.sha256(b'a')"),
    (unordered, "for x in {1, 2}: pass", "for x in sorted({1, 2}): pass"),
    (unordered, "[x for x in set(y) | z]", "[x for x in y]"),
    (unordered, "tuple(set(y))", "tuple(sorted(set(y)))"),
    (units_missing, "net_mass: int = 0", "net_mass_mg: int = 0"),
    (units_missing, "def f(price: int | None): ...", "def f(price: Money | None): ..."),
    (sleeps, "time.sleep(1)", "event.wait(1)"),
    (sleeps, "from time import sleep", "from time import monotonic"),
    (types_learned_anywhere, "msgspec.json.decode(b, type=T)", "msgspec.json.decode(b)"),
    (types_learned_anywhere, "json.decode(b, type=T)", "decoder_of(T).decode(b)"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "bad", "good"), EXAMPLES)
def test_each_check_bites(check: Check, bad: str, good: str) -> None:
    """Each check finds the code that breaks its rule, and only that."""
    assert list(check(ast.parse(bad)))
    assert not list(check(ast.parse(good)))
