"""python -m admmopt_crossbar: the table of which effect acts in which mode, as docs/crossbar.md holds it."""

from .support import markdown

print(markdown())
