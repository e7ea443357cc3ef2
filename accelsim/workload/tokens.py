"""Cascade text → tokens that know their line and column, and a cursor that reads them.

Each line is a statement; `#` starts a comment. Every error names the file, the line, the column
(from 1 at the start of the statement's text, after YAML's indentation) and the Einsum (the first
name of its statement).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from accelsim.base.errors import Place, WorkloadError

_TOKEN = re.compile(
    r"(?P<space>[ ]+)"
    r"|(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<symbol>->|//|\+=|\*=|-=|/=|==|!=|<=|>=|[-+*/%=<>\[\](),])"
)
_OPENING, _CLOSING = ("[", "("), ("]", ")")

#: Words that are neither an index nor a function.
KEYWORDS = ("where", "and", "or", "not", "inf")

#: Longer statements and deeper brackets are mistakes or attacks; parsing recurses once per bracket.
MOST_TOKENS, DEEPEST_BRACKET = 400, 40


class Token(NamedTuple):
    """`kind` is number, name, symbol, or end (after the last token of a statement)."""

    kind: str
    text: str
    line: int
    column: int


def statements(text: str, at: Place | None) -> Iterator["Cursor"]:
    """One cursor per line that holds more than a comment. `at` is the place of the first line."""
    for line, content in enumerate(text.splitlines()):
        tokens = _line_tokens(content.split("#", 1)[0].rstrip(), line, at)
        if tokens:
            _check_limits(tokens, at)
            yield Cursor(tokens, at)


def _line_tokens(code: str, line: int, at: Place | None) -> list[Token]:
    tokens: list[Token] = []
    position = 0
    while position < len(code):
        match = _TOKEN.match(code, position)
        if match is None:
            _fail_on_character([*tokens, Token("symbol", code[position], line, position + 1)], at)
        if match.lastgroup != "space":
            tokens.append(Token(str(match.lastgroup), match.group(), line, position + 1))
        position = match.end()
    return tokens


def _fail_on_character(tokens: list[Token], at: Place | None) -> NoReturn:
    Cursor(tokens, at).fail_at(
        tokens[-1],
        f"the character {tokens[-1].text!r} is not part of the language",
        "Operators are + - * /; functions are written like exp(X[p])",
    )


def _check_limits(tokens: list[Token], at: Place | None) -> None:
    cursor = Cursor(tokens, at)
    if len(tokens) > MOST_TOKENS:
        cursor.fail_at(tokens[MOST_TOKENS], f"more than {MOST_TOKENS} tokens", "Split the line")
    depth = 0
    for token in tokens:
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
        if depth > DEEPEST_BRACKET:
            cursor.fail_at(token, f"more than {DEEPEST_BRACKET} open brackets", "Split the line")


class Cursor:
    """Reads the tokens of one statement from left to right."""

    def __init__(self, tokens: list[Token], at: Place | None) -> None:
        last = tokens[-1]
        end = Token("end", "the end of the line", last.line, last.column + len(last.text))
        self._tokens = [*tokens, end]
        self._next = 0
        self._at = at

    @property
    def ahead(self) -> Token:
        return self._tokens[self._next]

    @property
    def after(self) -> Token:
        """The token behind the one ahead."""
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)]

    @property
    def place(self) -> Place | None:
        """Where the statement starts."""
        return self._place_of(self._tokens[0])

    def take(self) -> Token:
        token = self.ahead
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def take_if(self, *texts: str) -> Token | None:
        """The next token if it is one of these symbols or keywords."""
        return self.take() if self.ahead.kind != "end" and self.ahead.text in texts else None

    def bracket_holds(self, *texts: str) -> bool:
        """Whether one of these stands before the end of the bracket that is ahead."""
        depth = 0
        for token in self._tokens[self._next :]:
            depth += (token.text in _OPENING) - (token.text in _CLOSING)
            if depth == 0 or token.text in texts:
                return depth > 0
        return False

    def expect(self, text: str, remedy: str | None = None) -> Token:
        if self.ahead.kind == "end" or self.ahead.text != text:
            self.fail(f"expected {text!r}, found {found(self.ahead)}", remedy)
        return self.take()

    def fail(self, fact: str, remedy: str | None = None) -> NoReturn:
        self.fail_at(self.ahead, fact, remedy)

    def fail_at(self, token: Token, fact: str, remedy: str | None = None) -> NoReturn:
        name = next((token.text for token in self._tokens if token.kind == "name"), None)
        einsum = f"Einsum {name}, " if name and name[0].isupper() else ""
        raise WorkloadError(
            f"{einsum}column {token.column}: {fact}", at=self._place_of(token), remedy=remedy
        )

    def _place_of(self, token: Token) -> Place | None:
        if self._at is None:
            return None
        return self._at._replace(line=(self._at.line or 1) + token.line)


def found(token: Token) -> str:
    return token.text if token.kind == "end" else repr(token.text)
