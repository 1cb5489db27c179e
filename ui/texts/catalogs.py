"""Keeps the catalogs in step with the code: collects sentences, compiles, and checks.

`python -m ui texts` writes, `python -m ui texts --check` only complains. It needs Babel, which
only developers have; the screen itself reads the compiled catalogs without it.
"""

from __future__ import annotations

import io
import string
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

from ui.texts import DOMAIN, FOLDER, LANGUAGES

KEYWORDS = {"say": None, "say_count": (1, 2), "mark": None}
SOURCE_LANGUAGE = "en"
HEADER = "# The words of the touchscreen; python -m ui texts keeps the keys in step with the code."
# The header's dates stay, so that a catalog only changes when its words do.
WRITTEN = datetime(2026, 1, 1, tzinfo=UTC)


def template() -> Catalog:
    """Collect every sentence that the code of the screen can say."""
    found = Catalog(project="dashcart", charset="utf-8")
    package = FOLDER.parent
    for name, _, message, _, _ in extract_from_dir(
        package, method_map=[("**.py", "python")], keywords=KEYWORDS
    ):
        found.add(message, locations=[(name, 0)])
    return found


def po_path(language: str) -> Path:
    """Where the words of a language are written by people."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(language: str) -> Catalog:
    """Read the catalog of a language; an absent one is empty."""
    path = po_path(language)
    if not path.exists():
        return Catalog(locale=language, project="dashcart", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """The catalog as gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def spoken(compiled_catalog: bytes) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The words of a compiled catalog, whatever version of Babel wrote its header."""
    messages = read_mo(io.BytesIO(compiled_catalog))
    return {forms(message.id): forms(message.string) for message in messages if message.id}


def update() -> None:
    """Add new sentences to every catalog, drop gone ones, and compile."""
    wanted = template()
    for language in LANGUAGES:
        catalog = read(language)
        catalog.update(wanted, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.fuzzy = False
        catalog.header_comment = HEADER
        catalog.creation_date = catalog.revision_date = WRITTEN
        path = po_path(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalog, width=100, no_location=True, sort_output=True)
        path.with_suffix(".mo").write_bytes(compiled(read(language)))


def complaints(sentences: Catalog) -> list[str]:
    """Everything wrong with the catalogs for these sentences of a `template`, a line each: stale,
    untranslated, wrong placeholders."""
    wanted = {message.id for message in sentences if message.id}
    found: list[str] = []
    for language in LANGUAGES:
        catalog = read(language)
        messages = {message.id: message for message in catalog if message.id}
        found += [f"{language}: lacks {key!r}" for key in wanted - messages.keys()]
        found += [f"{language}: no code says {key!r}" for key in messages.keys() - wanted]
        if language != SOURCE_LANGUAGE:
            found += [f"{language}: {fault}" for m in messages.values() for fault in faults(m)]
        mo_path = po_path(language).with_suffix(".mo")
        if not mo_path.exists() or spoken(mo_path.read_bytes()) != spoken(compiled(catalog)):
            found.append(f"{language}: {mo_path.name} is not compiled from {DOMAIN}.po as it is")
    return sorted(found)


def faults(message: Message) -> list[str]:
    """What is wrong with one translated sentence."""
    sources, said = forms(message.id), forms(message.string)
    if message.fuzzy or not all(said):
        return [f"not translated: {sources[0]!r}"]
    wanted = placeholders(sources[0])
    return [f"other placeholders than {sources[0]!r}" for s in said if placeholders(s) != wanted]


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """A text, or its singular and plural."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def placeholders(sentence: str) -> set[str]:
    """The names in braces of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
