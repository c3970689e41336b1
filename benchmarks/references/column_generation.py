"""The l1 support vector machine, min sum_i max(0, 1 - y_i a_i'x) + lam ||x||_1, by growing its set of features.

Dual: max 1'a, |A'(y a)| <= lam, 0 <= a <= 1, one row a feature. HiGHS solves it with the rows that matter so far (dual
simplex, warm-started as rows come in); the most violated ones are added until the dual point, shrunk into all of them,
proves the point made of the multipliers optimal.
"""

from __future__ import annotations

import highspy
import numpy as np
import scipy.sparse as sp

from .certified import Certified


def hinge_l1(A, y, lam, first=100, more=60, rounds=200) -> Certified:
    features = sp.csr_array(A.T) if sp.issparse(A) else np.ascontiguousarray(A.T)
    model = _empty(y.size)
    columns = list(np.argsort(-np.abs(features @ y))[:first])
    _add_rows(model, features, columns, y, lam)
    bound = -np.inf
    for _ in range(rounds):
        model.run()
        if model.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"HiGHS stopped with {model.modelStatusToString(model.getModelStatus())}.")
        a = np.clip(model.getSolution().col_value, 0, 1)
        price = np.abs(features @ (y * a))
        bound = max(bound, a.sum() * min(1.0, lam / price.max()))
        violated = np.setdiff1d(np.flatnonzero(price > lam * (1 + 1e-8)), columns)
        if violated.size == 0:
            break
        fresh = list(violated[np.argsort(-price[violated])[:more]])
        _add_rows(model, features, fresh, y, lam)
        columns += fresh
    x = np.zeros(A.shape[1])
    x[columns] = np.asarray(model.getSolution().row_dual)
    iterations = model.getInfo().simplex_iteration_count
    return Certified({"x": x}, float(bound), "column generation with HiGHS; dual point made feasible", iterations)


def _empty(n: int) -> highspy.Highs:
    """max 1'a, 0 <= a <= 1, no rows yet."""
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("primal_feasibility_tolerance", 1e-9)
    model.setOptionValue("dual_feasibility_tolerance", 1e-9)
    nothing = np.empty(0, dtype=np.int32)
    model.addCols(n, np.ones(n), np.zeros(n), np.ones(n), 0, nothing, nothing, np.empty(0))
    model.changeObjectiveSense(highspy.ObjSense.kMaximize)
    return model


def _add_rows(model, features, chosen, y, lam) -> None:
    """-lam <= (a_j * y)'a <= lam for the chosen features j."""
    rows = sp.csr_array(features[chosen]).multiply(y[None, :]).tocsr()
    k = len(chosen)
    starts, indices = rows.indptr[:-1].astype(np.int32), rows.indices.astype(np.int32)
    model.addRows(k, np.full(k, -lam), np.full(k, lam), rows.nnz, starts, indices, rows.data)
