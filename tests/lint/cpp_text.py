"""Takes C++ source apart into code, string literals and comments, well enough for the rules of the house."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<raw>     (?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\((?P<raw_text>.*?)\)(?P=mark)" )
    | (?P<string>  (?:u8|[uUL])?"(?P<text>(?:\\.|[^"\\\n])*)" )
    | (?P<number>  \b\d[\w.]*(?:'[\w.]+)* )
    | (?P<char>    (?:u8|[uUL])?'(?:\\.|[^'\\\n])+' )
    | (?P<line>    //[^\n]* )
    | (?P<block>   /\*.*?\*/ )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Literal:
    line: int
    text: str


@dataclass(frozen=True)
class CppText:
    code: str  # comments blanked, string and character literals emptied; the line structure is kept
    literals: list  # adjacent literals joined, as the compiler does


def take_apart(source: str) -> CppText:
    code, literals = [], []
    position = 0
    end_of_last_literal = None
    for token in _TOKEN.finditer(source):
        between = source[position : token.start()]
        code.append(between)
        text = token["raw_text"] if token["raw"] else token["text"]
        if text is not None:
            if literals and end_of_last_literal is not None and not between.strip():
                last = literals.pop()
                literals.append(Literal(last.line, last.text + text))
            else:
                literals.append(Literal(source.count("\n", 0, token.start()) + 1, text))
            end_of_last_literal = token.end()
            code.append('""' + "\n" * token[0].count("\n"))
        elif token["number"]:
            code.append(token["number"])
            end_of_last_literal = None
        elif token["char"]:
            code.append("' '")
            end_of_last_literal = None
        else:
            code.append(" " + "\n" * token[0].count("\n"))
            if between.strip():
                end_of_last_literal = None
        position = token.end()
    code.append(source[position:])
    return CppText("".join(code), literals)
