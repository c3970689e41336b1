"""Halpern's iteration of the reflected map, restarted:

    w+ = (w0 + (k + 1) (2 T(w) - w)) / (k + 2),   k = 0, 1, ... steps since w0,

for a firmly nonexpansive T (ADMM without over-relaxation; reflected, it is Peaceman-Rachford's). The fixed-point
residual |T(w) - w| falls as 1/k, and with restarts from T(w) linearly on linear programs. It costs a few sums of
vectors: no memory, no inner products but at checks.
Lu & Yang, arXiv 2407.16144; Chen et al., HPR-LP, arXiv 2408.12179.
"""

from __future__ import annotations

from .anderson import Plain

SUFFICIENT, NECESSARY = 0.2, 0.8  # of the first residual since w0: restart at once; restart when it begins to grow
LONGEST = 0.36  # of all steps so far: restart in any case (the constants of PDLP)


class Halpern(Plain):
    """Restarts, and new penalties with them, only at checks."""

    def __init__(self):
        self.total, self.steps, self.first, self.last = 0, 0, 0.0, 0.0
        self.anchor, self.restarting = None, False

    def restart(self, metric):
        self.metric, self.anchor, self.restarting = metric, None, False

    def due(self, w, Tw) -> bool:
        """Is a restart due at this check, with w and T(w)? Then `next` makes it, or `restart` under new penalties."""
        if self.anchor is None:
            return False
        length = self._length(w, Tw)
        shorter = length <= SUFFICIENT * self.first
        stuck = self.last < length <= NECESSARY * self.first
        self.restarting = shorter or stuck or self.steps >= LONGEST * self.total
        self.last = length
        return self.restarting

    def next(self, w, Tw, plain=False):
        """`plain` marks a check: there T(w) itself follows where a restart is due, and only there."""
        self.total += 1
        if plain and self.restarting:
            self.anchor, self.restarting = None, False
            return Tw
        if self.anchor is None:
            self.anchor, self.steps = w, 0
            self.first = self.last = self._length(w, Tw)
        self.steps += 1
        return (self.anchor + self.steps * (2.0 * Tw - w)) / (self.steps + 1)

    def _length(self, w, Tw) -> float:
        step = Tw - w
        return float(step @ (self.metric * step)) ** 0.5
