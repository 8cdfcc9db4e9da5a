"""The plain text of a guide as blocks: headings, paragraphs and lists. Nothing else is markup."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """``heading``, ``paragraph`` or ``list``, with its lines."""

    kind: str
    lines: tuple[str, ...]


def blocks(text: str) -> tuple[Block, ...]:
    """Read a text: ``#`` begins a heading, ``-`` an entry of a list, an empty line a paragraph."""
    found: list[tuple[str, list[str]]] = []
    fresh = True
    for line in text.splitlines():
        words = line.strip()
        if not words:
            fresh = True
            continue
        kind = "heading" if words[0] == "#" else "list" if words[0] in "-•" else "paragraph"
        plain = words.lstrip("#-• ").strip() if kind != "paragraph" else words
        goes_on = found and found[-1][0] == kind and kind != "heading" and not fresh
        # Entries of a list belong together even with empty lines between them.
        if goes_on or (found and found[-1][0] == kind == "list"):
            found[-1][1].append(plain)
        else:
            found.append((kind, [plain]))
        fresh = False
    return tuple(Block(kind, tuple(lines)) for kind, lines in found if any(lines))
