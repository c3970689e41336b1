"""The file of a sweep: one JSON object a line. The first says of what; each of the others is a finished row."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..report.save import plain

FORMAT = 1


class SweepFile:
    """Rows by key, those read and those added; `add` writes a row to the disk at once.

    path: None keeps nothing; head: plain data that must be the same in the file (the problem's fingerprint, eps, ...).
    Raises ValueError for a file that is no sweep's, or another's.
    """

    def __init__(self, path: str | Path | None, head: dict):
        self.path = None if path is None else Path(path)
        self.rows: dict[str, dict] = {}
        if self.path is None:
            return
        head = {"admmopt sweep": FORMAT, **plain(head)}
        lines = self._read() if self.path.exists() else []
        if not lines:
            self._append(head)
            return
        self._check(lines[0], head)
        self.rows = {line.pop("key"): line for line in lines[1:]}

    def add(self, key: str, row: dict) -> None:
        self.rows[key] = row
        if self.path is not None:
            self._append({"key": key, **row})

    def _append(self, content: dict) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(plain(content), allow_nan=False) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def _read(self) -> list[dict]:
        """Every whole line. A last one that was cut off (the machine went down) is taken off the file too, once the
        first line has shown that the file is a sweep's."""
        content = self.path.read_bytes()
        whole, _, rest = content.rpartition(b"\n")
        lines = [self._parsed(number, line) for number, line in enumerate(whole.split(b"\n"), 1) if line]
        if rest:
            if not lines and b'{"admmopt sweep'[: len(rest)] != rest[:15]:
                raise ValueError(f"{self.path} holds something else than a sweep: name another file.")
            with self.path.open("rb+") as stream:
                stream.truncate(len(content) - len(rest))
        return lines

    def _parsed(self, number: int, line: bytes) -> dict:
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if not isinstance(found, dict) or ("admmopt sweep" if number == 1 else "key") not in found:
            what = "holds something else than a sweep" if number == 1 else f"is damaged in line {number}"
            raise ValueError(f"{self.path} {what}: name another file.")
        return found

    def _check(self, found: dict, head: dict) -> None:
        for name, mine in head.items():
            if found.get(name) != mine:
                shown = "" if name in ("problem", "make_backend") else f" ({found.get(name)}, now {mine})"
                raise ValueError(f"{self.path} holds a sweep with another {name}{shown}: name another file.")
