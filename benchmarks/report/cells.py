"""Rows and numbers of a Markdown table."""

from __future__ import annotations


def row(cells) -> str:
    return "| " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |"


def table(head: list[str], rows) -> list[str]:
    return [row(head), row(["---"] * len(head)), *(row(cells) for cells in rows)]


def number(value, spec: str = ".2f") -> str:
    return "" if value is None else format(value, spec)


def folded(summary: str, lines: list[str]) -> list[str]:
    """Lines that a reader opens when he wants them."""
    return ["", f"<details><summary>{summary}</summary>", "", *lines, "", "</details>", ""] if lines else []
