"""A small source in each language, and the definitions that its outline must hold."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SOURCES", "Sample"]


class Sample(NamedTuple):
    """A file with what it defines: kind, qualified name, first line, last line of the head, last line."""

    path: str
    source: str
    definitions: tuple[str, ...]
    imports: tuple[tuple[str, str, str], ...]
    doc: str
    """The documentation of the definition that is called `feed` or `Feed`."""
    bases: dict[str, tuple[str, ...]]
    calls: tuple[str, ...]
    """What `feed` calls, with its qualifier."""


JAVASCRIPT = """\
const { read, write: put } = require('./io');
import log, { warn as alarm } from '../log.js';

class Parser extends base.Reader {
  static limit = 3;

  /**
   * Takes the next piece.
   */
  async feed(text, size = 1, ...rest) {
    const step = (n) => n + 1;
    this.buffer.push(read(text));
    return new Token(text);
  }
}

const parse = (text) => new Parser().feed(text);
function* tokens() {}
module.exports = { parse, close() {}, open: function () {} };
Parser.prototype.reset = function () {};
"""

TYPESCRIPT = """\
import type { Token } from './token';
import * as fs from 'fs';

export interface Source extends Closable, Named<string> {
  next(): Token;
}
export type Pair = [string, number];
export enum Mode { Fast }

@sealed
export abstract class Parser<T> extends Reader<T> implements Source {
  private size: number = 1;
  // Takes the next piece.
  feed(text: string, size?: number): Token { return this.make<T>(text, fs.readFileSync(text)); }
  abstract next(): Token;
}
export function parse(text: string): Token;
export function parse(text: any): any { return text; }
namespace tools { export const run = async (a: Pair): Promise<void> => {}; }
"""

JAVA = """\
package a.b;
import java.util.List;
import static a.Tools.check;
import a.c.*;

/** All of it. */
@Deprecated
public class Parser<T> extends Reader<T> implements Source, x.Closable {
  private int size = 1;

  public Parser() { this(1); }

  /**
   * Takes the next piece.
   * @param text the piece
   */
  @Override
  public List<Token> feed(final String text, int... sizes) throws Failure {
    check(text);
    return new Token(this.scanner.scan(text));
  }

  enum Mode { FAST; void go() {} }
}
interface Source { Token next(); }
record Pair(int a) {}
"""

C = """\
#include <stdio.h>
#include "token.h"

#define LIMIT 10
#define TWICE(x) ((x) * 2)

typedef struct { int size; } pair_t;
struct parser { int size; };
typedef int (*callback)(struct parser *, int);
enum mode { FAST };
static int counter = 0;

/* Takes the next piece. */
static const char *feed(struct parser *p, const char *text, int n) {
  return scan(p->reader->next(text), TWICE(n));
}
"""

CPP = """\
#include "parser.h"
namespace tools {

template <typename T>
class API_EXPORT Parser : public Reader<T>, private io::Closable {
 public:
  explicit Parser(int size);
  ~Parser() {}
  bool operator==(const Parser& other) const { return true; }
  static int limit;
};

// Takes the next piece.
template <typename T>
int Parser<T>::feed(const std::string& text) {
  return scanner_->scan(io::open(text));
}

using Pair = std::pair<int, int>;
enum class Mode { fast };
}
"""

GO = """\
// Package parser reads.
package parser

import (
	"fmt"
	j "encoding/json"
)

type Mode int

// Parser is one.
type Parser[T any] struct {
	Reader
	*io.Closer
	size int
}

type Source interface {
	Next() (Token, error)
}

// Feed takes the next piece.
func (p *Parser[T]) Feed(text string, a, b int) error {
	return fmt.Errorf("%v", j.Marshal(text))
}

func parse(text string) {}

const Limit = 3
"""

RUST = """\
use crate::token::{Token, scan as look, io::*};
mod words;

/// One of them.
#[derive(Debug, Clone)]
pub struct Parser<T> { size: T }

pub trait Source: Closable { fn next(&self) -> Token; }

impl<T> Source for Parser<T> {
    /// Takes the next piece.
    fn feed(&mut self, text: &str) -> Token {
        look(self.inner.next(text));
        println!("{}", Token::new(text))
    }
}

mod tests {
    #[test]
    fn works() {}
}
const LIMIT: usize = 3;
macro_rules! twice { ($x:expr) => { $x * 2 } }
"""

RUBY = """\
require 'json'
require_relative 'token'

module Tools
  class Parser < IO::Reader
    include Comparable
    attr_reader :size

    # Takes the next piece.
    def feed(text, size = 1, *rest, mode: 2)
      scanner.scan(JSON.parse(text))
    end

    def self.open(path) = new(path)

    class << self
      def close; end
    end
  end
end
LIMIT = 3
"""

CSHARP = """\
using System.Text;
using Short = A.B.Long;
namespace Tools.Parsing;

/// <summary>All of it.</summary>
[Serializable, Other.Mark(1)]
public partial class Parser<T> : Reader<T>, IO.ISource where T : class
{
    private int size;
    public int Size { get; set; } = 1;

    /// <summary>
    /// Takes the next piece.
    /// </summary>
    public async Task<Token> Feed(string text, int size = 1)
    {
        this.Check(text);
        int Twice(int a) => a * 2;
        return new Token(Scanner.Scan<int>(text));
    }

    public static Parser<T> operator +(Parser<T> a, Parser<T> b) => a;
}
public record Pair(int A);
public interface ISource { void Next(); }
delegate void Done(int code);
"""

PHP = """\
<?php
namespace Tools\\Parsing;
use App\\Token;
use App\\{Scanner as Look, Io\\File};
use function App\\check;
require_once 'words.php';

/** All of it. */
#[Mark(1)]
abstract class Parser extends Io\\Reader implements Source
{
    use Closing;
    const LIMIT = 3;
    private int $size = 1;

    /**
     * Takes the next piece.
     */
    public function feed(?string $text, int ...$sizes): Token
    {
        check($text);
        $this->scanner->scan($text);
        return Token::make(new File());
    }
}
interface Source { function next(); }
trait Closing {}
function parse($text) { return 1; }
"""

SOURCES = {
    "javascript": Sample(
        "a/parser.mjs",
        JAVASCRIPT,
        (
            "class Parser 4-4-15",
            "method Parser.feed 7-10-14",
            "function Parser.feed.step 11-11-11",
            "function parse 17-17-17",
            "function tokens 18-18-18",
            "function close 19-19-19",
            "function open 19-19-19",
            "method Parser.reset 20-20-20",
        ),
        (
            ("./io", "read", ""),
            ("./io", "write", "put"),
            ("../log.js", "default", "log"),
            ("../log.js", "warn", "alarm"),
        ),
        "Takes the next piece.",
        {"Parser": ("base.Reader",)},
        ("this.buffer.push", "read", "Token"),
    ),
    "typescript": Sample(
        "parser.ts",
        TYPESCRIPT,
        (
            "interface Source 4-4-6",
            "method Source.next 5-5-5",
            "type Pair 7-7-7",
            "class Mode 8-8-8",
            "class Parser 10-11-16",
            "method Parser.feed 13-14-14",
            "method Parser.next 15-15-15",
            "function parse 17-17-17",
            "function parse 18-18-18",
            "function tools.run 19-19-19",
        ),
        (("./token", "Token", ""), ("fs", "", "fs")),
        "Takes the next piece.",
        {"Parser": ("Reader", "Source"), "Source": ("Closable", "Named<string>")},
        ("this.make", "fs.readFileSync"),
    ),
    "java": Sample(
        "src/main/java/a/b/Parser.java",
        JAVA,
        (
            "class Parser 6-8-24",
            "method Parser.Parser 11-11-11",
            "method Parser.feed 13-18-21",
            "class Parser.Mode 23-23-23",
            "method Parser.Mode.go 23-23-23",
            "interface Source 25-25-25",
            "method Source.next 25-25-25",
            "class Pair 26-26-26",
        ),
        (("java.util", "List", ""), ("a.Tools", "check", ""), ("a.c", "*", "")),
        "Takes the next piece.\n@param text the piece",
        {"Parser": ("Reader<T>", "Source", "x.Closable")},
        ("check", "Token", "this.scanner.scan"),
    ),
    "c": Sample(
        "parser.c",
        C,
        (
            "function TWICE 5-5-5",
            "class pair_t 7-7-7",
            "class parser 8-8-8",
            "type callback 9-9-9",
            "class mode 10-10-10",
            "function feed 13-14-16",
            "variable LIMIT 4-4-4",
            "variable counter 11-11-11",
        ),
        (("<stdio.h>", "*", ""), ("token.h", "*", "")),
        "Takes the next piece.",
        {},
        ("scan", "p.reader.next", "TWICE"),
    ),
    "cpp": Sample(
        "parser.hpp",
        CPP,
        (
            "class Parser 4-5-11",
            "method Parser.Parser 7-7-7",
            "method Parser.~Parser 8-8-8",
            "method Parser.operator== 9-9-9",
            "method Parser.feed 13-15-17",
            "type Pair 19-19-19",
            "class Mode 20-20-20",
        ),
        (("parser.h", "*", ""),),
        "Takes the next piece.",
        {"Parser": ("Reader<T>", "io::Closable")},
        ("scanner_.scan", "io.open"),
    ),
    "go": Sample(
        "parser.go",
        GO,
        (
            "type Mode 9-9-9",
            "class Parser 11-12-16",
            "interface Source 18-18-20",
            "method Source.Next 19-19-19",
            "method Parser.Feed 22-23-25",
            "function parse 27-27-27",
            "variable Limit 29-29-29",
        ),
        (("fmt", "", ""), ("encoding/json", "", "j")),
        "Feed takes the next piece.",
        {"Parser": ("Reader", "io.Closer")},
        ("fmt.Errorf", "j.Marshal"),
    ),
    "rust": Sample(
        "src/parser.rs",
        RUST,
        (
            "class Parser 4-6-6",
            "class Source 8-8-8",
            "method Source.next 8-8-8",
            "method Parser.feed 11-12-15",
            "function tests.works 19-20-20",
            "function twice 23-23-23",
            "variable LIMIT 22-22-22",
        ),
        (
            ("crate::token", "Token", ""),
            ("crate::token", "scan", "look"),
            ("crate::token::io", "*", ""),
            ("self", "words", ""),
        ),
        "Takes the next piece.",
        {"Parser": ("Source",), "Source": ("Closable",)},
        ("look", "self.inner.next", "println"),
    ),
    "ruby": Sample(
        "lib/parser.rb",
        RUBY,
        (
            "class Tools 4-4-20",
            "class Tools.Parser 5-5-19",
            "method Tools.Parser.size 7-7-7",
            "method Tools.Parser.feed 9-10-12",
            "method Tools.Parser.open 14-14-14",
            "method Tools.Parser.close 17-17-17",
            "variable LIMIT 21-21-21",
        ),
        (("json", "", ""), ("./token", "", "")),
        "Takes the next piece.",
        {"Tools.Parser": ("IO::Reader", "Comparable")},
        ("scanner.scan", "JSON.parse"),
    ),
    "csharp": Sample(
        "Parser.cs",
        CSHARP,
        (
            "class Parser 5-7-23",
            "method Parser.Size 10-10-10",
            "method Parser.Feed 12-15-20",
            "function Parser.Feed.Twice 18-18-18",
            "method Parser.operator+ 22-22-22",
            "class Pair 24-24-24",
            "interface ISource 25-25-25",
            "method ISource.Next 25-25-25",
            "type Done 26-26-26",
        ),
        (("System.Text", "*", ""), ("A.B", "Long", "Short")),
        "Takes the next piece.",
        {"Parser": ("Reader<T>", "IO.ISource")},
        ("this.Check", "Token", "Scanner.Scan"),
    ),
    "php": Sample(
        "src/Parser.php",
        PHP,
        (
            "class Parser 8-10-25",
            "method Parser.feed 16-19-24",
            "interface Source 26-26-26",
            "method Source.next 26-26-26",
            "class Closing 27-27-27",
            "function parse 28-28-28",
        ),
        (
            ("App", "Token", ""),
            ("App", "Scanner", "Look"),
            ("App\\Io", "File", ""),
            ("App", "check", ""),
            ("words.php", "*", ""),
        ),
        "Takes the next piece.",
        {"Parser": ("Io\\Reader", "Source", "Closing")},
        ("check", "this.scanner.scan", "Token.make", "File"),
    ),
}
