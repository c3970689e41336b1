"""Portfolios on real data, in per cent: mean and variance, and conditional value at risk (Rockafellar and Uryasev)."""

from __future__ import annotations

import gzip

import cvxpy as cp
import numpy as np

from .base import register
from .files import find


def _or_library(number):
    def draw(rng, folder, assets=None):
        """Weekly means, deviations and correlations: n, then n lines of two, then lines of i, j, correlation."""
        numbers = np.array(find(folder, "portfolio", f"orlib_port{number}.txt").read_text().split(), dtype=float)
        n = int(numbers[0])
        moments, pairs = numbers[1 : 1 + 2 * n].reshape(n, 2), numbers[1 + 2 * n :].reshape(-1, 3)
        correlation = np.eye(n)
        i, j = pairs[:, 0].astype(int) - 1, pairs[:, 1].astype(int) - 1
        correlation[i, j] = correlation[j, i] = pairs[:, 2]
        deviation = 100 * moments[:, 1]
        covariance = deviation[:, None] * correlation * deviation
        return {"covariance": covariance[:assets, :assets], "returns": 100 * moments[:assets, 0], "aversion": 0.1}

    return draw


def markowitz(covariance, returns, aversion):
    x = cp.Variable(returns.size, name="x")
    risk = 0.5 * aversion * cp.quad_form(x, covariance, assume_PSD=True)
    return cp.Problem(cp.Minimize(risk - returns @ x), [cp.sum(x) == 1, x >= 0])


for _number in (1, 2, 3, 5):
    register(
        f"markowitz_port{_number}",
        _or_library(_number),
        markowitz,
        {},
        {"assets": 10},
        group="more",
        needs=f"portfolio/orlib_port{_number}.txt",
    )


def _prices(file):
    def draw(rng, folder, days=None):
        """Daily returns, (days, assets), of the assets whose price is known on every day."""
        path = find(folder, "portfolio", file)
        text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
        lines = text.split()[1 : None if days is None else days + 2]
        prices = np.array([line.split(",")[1:] for line in lines])
        known = np.all(prices != "", axis=0)
        values = prices[:, known].astype(float)
        return {"R": 100 * (values[1:] / values[:-1] - 1), "level": 0.95}

    return draw


def cvar(R, level):
    """The mean loss on the worst days, 1 - level of them all."""
    x, t = cp.Variable(R.shape[1], name="x"), cp.Variable(name="t")
    tail = cp.sum(cp.pos(-R @ x - t)) / ((1 - level) * len(R))
    return cp.Problem(cp.Minimize(t + tail), [cp.sum(x) == 1, x >= 0])


for _name, _file in (("sp500", "sp500_dataset.csv.gz"), ("simulator", "simulator_prices.csv")):
    register(f"cvar_{_name}", _prices(_file), cvar, {}, {"days": 200}, group="more", needs=f"portfolio/{_file}")
