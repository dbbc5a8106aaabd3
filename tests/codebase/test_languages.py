"""Outlines of languages other than Python: definitions, heads, imports and uses, whatever the bytes are."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language_sources import SOURCES

from genloom.tools.codebase.outlines.import_statements import read_imports
from genloom.tools.codebase.outlines.languages import (
    LANGUAGES,
    MissingGrammarError,
    is_available,
    language_of,
    outline_source,
    source_suffixes,
)
from genloom.tools.codebase.outlines.macros import without_macros
from genloom.tools.codebase.outlines.outline import Definition, Outline

NAMES = sorted(SOURCES)
PATHS = [*(SOURCES[name].path for name in NAMES), "view.tsx", "view.jsx", "parser.h"]


def _outline(name: str) -> Outline:
    return outline_source(SOURCES[name].path, SOURCES[name].source.encode())


def _feed(outline: Outline) -> tuple[int, Definition]:
    return next((n, d) for n, d in enumerate(outline.definitions) if d.name.lower() == "feed")


@pytest.mark.parametrize("name", NAMES)
def test_definitions_nest_and_know_their_lines(name: str) -> None:
    """Kinds, qualified names and lines, from the doc comment on; methods that stand elsewhere find their type."""
    outline = _outline(name)
    found = [f"{d.kind} {d.qualified} {d.start_line}-{d.head_line}-{d.end_line}" for d in outline.definitions[1:]]
    assert found == list(SOURCES[name].definitions)
    assert outline.language == name
    for definition in outline.definitions[1:]:
        around = outline.definitions[definition.parent]
        if around.kind in ("class", "interface"):
            assert definition.qualified == f"{around.qualified}.{definition.name}"


@pytest.mark.parametrize("name", NAMES)
def test_imports_are_read_as_written(name: str) -> None:
    """Module, name and alias of each import statement."""
    assert tuple((i.module, i.name, i.alias) for i in _outline(name).imports) == SOURCES[name].imports


@pytest.mark.parametrize("name", NAMES)
def test_doc_comment_bases_and_calls(name: str) -> None:
    """The comment before a definition is its documentation; bases are as written; a call knows what stands before it."""
    outline, sample = _outline(name), SOURCES[name]
    number, feed = _feed(outline)
    assert feed.doc == sample.doc
    assert {d.qualified: d.bases for d in outline.definitions if d.bases} == sample.bases
    calls = [
        f"{m.qualifier}.{m.name}".lstrip(".") for m in outline.mentions if m.ordinal == number and m.kind == "call"
    ]
    assert set(calls) >= set(sample.calls)
    assert "?" not in "".join(calls)


def test_heads_are_told_apart_from_bodies() -> None:
    """Signatures without decorators, comments and the body's mark; parameters with types and defaults; what is returned."""
    heads = {name: _feed(_outline(name))[1] for name in NAMES}
    assert {name: head.signature for name, head in heads.items()} == {
        "c": "static const char *feed(struct parser *p, const char *text, int n)",
        "cpp": "template <typename T> int Parser<T>::feed(const std::string& text)",
        "csharp": "public async Task<Token> Feed(string text, int size = 1)",
        "go": "func (p *Parser[T]) Feed(text string, a, b int) error",
        "java": "public List<Token> feed(final String text, int... sizes) throws Failure",
        "javascript": "async feed(text, size = 1, ...rest)",
        "php": "public function feed(?string $text, int ...$sizes): Token",
        "ruby": "def feed(text, size = 1, *rest, mode: 2)",
        "rust": "fn feed(&mut self, text: &str) -> Token",
        "typescript": "feed(text: string, size?: number): Token",
    }
    assert [tuple(p) for p in heads["go"].parameters] == [
        ("text", "string", False),
        ("a", "int", False),
        ("b", "int", False),
    ]
    assert [tuple(p) for p in heads["csharp"].parameters] == [("text", "string", False), ("size", "int", True)]
    assert [p.name for p in heads["c"].parameters] == ["p", "text", "n"]
    assert [tuple(p) for p in heads["java"].parameters] == [("text", "String", False), ("sizes", "int...", False)]
    assert (heads["rust"].returns, heads["typescript"].returns, heads["go"].returns) == ("Token", "Token", "error")
    assert heads["javascript"].is_async
    assert heads["csharp"].is_async
    assert not heads["java"].is_async


def test_decorators_annotations_and_attributes() -> None:
    """They are kept as written, and mentioned by their names."""
    kept = {
        name: next(d.decorators for d in _outline(name).definitions if d.name == "Parser")
        for name in ("csharp", "java", "php", "rust", "typescript")
    }
    assert kept == {
        "csharp": ("Serializable, Other.Mark(1)",),
        "java": ("Deprecated",),
        "php": ("Mark(1)",),
        "rust": ("derive(Debug, Clone)",),
        "typescript": ("sealed",),
    }
    marks = {m.name for m in _outline("rust").mentions if m.kind == "decorator"}
    assert marks == {"derive", "Debug", "Clone", "test"}


def test_counts_belong_to_the_definition_itself() -> None:
    """Returns and calls of a function; the attributes of a class, methods left out."""
    feed = _feed(_outline("java"))[1]
    parser = next(d for d in _outline("java").definitions if d.name == "Parser" and d.kind == "class")
    assert (feed.return_count, feed.call_count, parser.attribute_count) == (1, 3, 1)


def test_references_are_uses_in_code_of_names_that_the_file_knows() -> None:
    """Not in comments or strings, not the definition's own name; what is reached through an imported name counts."""
    source = (
        b"import {pool} from 'p';\nfunction run() {}\n// run pool\nconst a = 'run';\nconst jobs = [run, pool.size];\n"
    )
    found = {(m.name, m.qualifier, m.times) for m in outline_source("x.js", source).mentions if m.kind == "reference"}
    assert found == {("run", "", 1), ("pool", "", 1), ("size", "pool", 1)}


def test_exports_of_a_module() -> None:
    """Names that are exported, under the names that importers use; none where the language has none."""
    source = b"export const a = 1; export default class B {}\nexport { c as d } from './e'; const f = 1;"
    assert set(outline_source("x.ts", source).exports or ()) == {"a", "B", "d"}
    assert outline_source("x.go", b"package a").exports is None


def test_module_documentation_is_the_first_comment_that_is_no_licence() -> None:
    """A licence at the top is passed over; a comment that belongs to a definition is that definition's."""
    source = "// Copyright me\n// License: MIT\n\n// Reads things.\n\npackage a\n\n// F does.\nfunc F() {}\n"
    module, function = outline_source("x.go", source.encode()).definitions
    assert (module.doc, function.doc) == ("Reads things.", "F does.")


def test_a_comment_behind_code_or_before_a_blank_line_is_no_documentation() -> None:
    """Only what stands on lines of its own right before a definition documents it."""
    source = b"int a; // about a\nint f(void) { return 1; }\n\n// on its own\n\nint g(void) { return 2; }\n"
    assert [d.doc for d in outline_source("x.c", source).definitions if d.kind == "function"] == ["", ""]


def test_header_is_c_unless_it_shows_cpp() -> None:
    """By what stands in it."""
    for text, name in ((b"int f(void);", "c"), (b"class A;", "cpp"), (b"#include <vector>\n", "cpp"), (b"", "c")):
        language = language_of("a/b.h", text)
        assert language is not None
        assert language.name == name
    assert language_of("Makefile") is None
    assert {".py", ".tsx", ".cjs", ".rb"} <= set(source_suffixes())


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("class API_EXPORT Parser : public Base {};", "class Parser"),
        ("API_EXPORT\nclass Parser {};", "class Parser"),
        ("struct A {\n  API_INLINE A(int a) : a_(a) {}\n};", "method A"),
        ("void f() GUARDED_BY(lock) {}", "function f"),
    ],
)
def test_macros_do_not_hide_definitions(source: str, seen: str) -> None:
    """A macro before, in or behind a head is passed over; every byte keeps its place."""
    outline = outline_source("x.cpp", source.encode())
    assert seen in [f"{d.kind} {d.name}" for d in outline.definitions]
    assert len(without_macros(source.encode())) == len(source)
    assert without_macros(b"#define API_EXPORT class A {") == b"#define API_EXPORT class A {"


@pytest.mark.parametrize("name", NAMES)
def test_broken_code_gives_what_can_be_read(name: str) -> None:
    """The file says that it has errors, and the first definitions are still there."""
    sample = SOURCES[name]
    broken = outline_source(sample.path, (sample.source + "\n)]} class function (((").encode())
    assert broken.has_errors
    assert len(broken.definitions) > 1


@pytest.mark.parametrize("name", NAMES)
def test_line_ends_make_no_difference(name: str) -> None:
    """CRLF gives the same names, lines and documentation."""
    sample = SOURCES[name]
    crlf = outline_source(sample.path, sample.source.replace("\n", "\r\n").encode())
    assert [d[:9] for d in crlf.definitions] == [d[:9] for d in _outline(name).definitions]


def _check(outline: Outline, size: int) -> None:
    end = 0
    for segment in outline.segments:
        assert end <= segment.start < segment.end <= size
        assert 0 <= segment.ordinal < len(outline.definitions)
        end = segment.end
    for number, definition in enumerate(outline.definitions):
        assert 1 <= definition.start_line <= definition.head_line <= definition.end_line
        seen = set()
        while number:
            assert number not in seen
            seen.add(number)
            number = outline.definitions[number].parent
    assert all(0 <= m.ordinal < len(outline.definitions) and m.times > 0 and m.name for m in outline.mentions)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PATHS), st.binary(max_size=300))
def test_arbitrary_bytes_never_raise(path: str, data: bytes) -> None:
    """Segments are disjoint, in order and within the data; parents lead to the module."""
    text = data.decode("utf-8", "replace").encode()
    _check(outline_source(path, text), len(text))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 900), st.integers(0, 900), st.sampled_from(NAMES))
def test_truncated_and_crossed_sources_never_raise(name: str, start: int, end: int, other: str) -> None:
    """A stretch of one language's source, read as another's, keeps the same promises."""
    data = SOURCES[name].source.encode()[start:end]
    _check(outline_source(SOURCES[other].path, data), len(data))


HOSTILE = {
    "open brackets": b"(" * 30_000,
    "a chain of calls": b"a" + b".b()" * 10_000,
    "nested functions": b"function f(){" * 1_500,
    "nested classes": b"class A{" * 3_000,
    "nested modules": b"module A\n" * 1_500,
    "definitions on one line": b"class A{}" * 1_000,
    "comments on one line": b"/* x */" * 2_500,
    "macros": b"A_B(x) " * 1_000,
    "types": b"template<" * 3_000,
    "type arguments": b"a<" * 3_000,
    "type arguments in a list": b"a<b," * 3_000,
    "arrows": b"->" * 3_000,
    "imports": b"use a::{" * 800,
    "blanks": b" " * 50_000 + b"class A {}",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_sources_are_read_within_bounds(case: str) -> None:
    """Nesting without end, long lines and endless chains keep the promises in every language, within a test's time."""
    for path in PATHS:
        _check(outline_source(path, HOSTILE[case]), len(HOSTILE[case]))


@pytest.fixture
def without_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter in which the grammar of Go is not installed."""

    monkeypatch.setitem(sys.modules, "tree_sitter_go", None)  # what makes Python say that there is no such module


def test_missing_grammar_is_an_error_of_its_own(without_go: None) -> None:
    """Nothing is downloaded; the error knows the language, and other languages are read as before."""
    go = next(language for language in LANGUAGES if language.name == "go")
    assert not is_available(go)
    with pytest.raises(MissingGrammarError) as caught:
        outline_source("a.go", b"package a")
    assert caught.value.language is go
    assert outline_source("a.rs", b"fn f() {}").definitions[1].name == "f"


THREADS = """
import sys, threading
from genloom.tools.codebase.outlines.languages import outline_source
sys.setswitchinterval(1e-6)
source = ("class A { m(a) { return b(a, [1, 2, {c: d}]) } }\\n" * 400).encode()
alone = outline_source("a.js", source)
told = []
def outline():
    for _ in range(6):
        told.append(outline_source("a.js", source) == alone)
threads = [threading.Thread(target=outline) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(told), all(told))
"""


def test_threads_outline_one_language_at_once() -> None:
    """Each by a parser of its own: one that two threads share ends the whole process."""
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (0, "24 True\n"), done.stderr


ENDLESS = {
    "continued lines": ("a.py", b"\\\n"),
    "continued lines inside an import": ("a.py", b"from a import b, \\\n" + b" \\\n" * 50),
    "comments": ("a.py", b"#\n"),
    "raw strings that nothing closes": ("a.rs", b'r#"'),
    "raw strings on lines": ("a.rs", b'r###" x\n'),
    "strings of Go": ("a.go", b"`"),
    "documents of Ruby": ("a.rb", b"<<~A, "),
}


def _cost(path: str, data: bytes) -> float:
    """The least processor time of two, and no less than what clocks can tell."""
    took = []
    for _ in range(2):
        began = time.process_time()
        outline_source(path, data)
        took.append(time.process_time() - began)
    return max(0.01, min(took))


@pytest.mark.parametrize("case", ENDLESS)
def test_what_makes_a_grammar_read_on_and_on_costs_in_proportion(case: str) -> None:
    """Four times the text costs less than nine times as much; where it is read to its end for each token, sixteen times."""
    path, unit = ENDLESS[case]
    small, large = (_cost(path, unit * (size // len(unit))) for size in (20_000, 80_000))
    assert large < 9 * small


@pytest.mark.parametrize("name", NAMES)
def test_long_real_code_is_far_from_the_bounds_of_parsing(name: str) -> None:
    """Two hundred kilobytes of it have all their definitions."""
    sample = SOURCES[name]
    once = len(outline_source(sample.path, sample.source.encode()).definitions)
    times = 200_000 // len(sample.source)
    assert len(outline_source(sample.path, f"{sample.source}\n".encode() * times).definitions) > once * times / 4


@pytest.mark.parametrize(
    ("path", "source", "imports"),
    [
        ("a.js", "import { a, // first: 'b'\n  b /* c */ as d } from 'https://x.org/m.js';", [("a", ""), ("b", "d")]),
        ("a.rs", "use a::{ // first\n  b, c /* d */ as e };", [("b", ""), ("c", "e")]),
        ("A.java", "import /* of */ a.b . C;", [("C", "")]),
        ("a.php", "<?php use A\\{B, /* c */ C as D};", [("B", ""), ("C", "D")]),
    ],
)
def test_comments_in_an_import_say_nothing(path: str, source: str, imports: list[tuple[str, str]]) -> None:
    """What looks like one inside of a module's name stays."""
    found = outline_source(path, source.encode()).imports
    assert [(each.name, each.alias) for each in found] == imports
    assert path != "a.js" or found[0].module == "https://x.org/m.js"


@pytest.mark.parametrize("unit", [" ", "/*", "<", '"a', "{", "as ", "import ", "#[a] ", "require ( ", "a::{", "\\"])
def test_import_statements_without_end_are_read_in_proportion(unit: str) -> None:
    """Of any language: a hang shows as the suite's own time limit; no name grows without end."""
    for name in NAMES:
        for start in ("", "import ", "use a", "require", "#include", "using a", "const a = "):
            found = list(read_imports(name, start + unit * (20_000 // len(unit))))
            assert all(len(part) <= 1_000 for each in found for part in each)
