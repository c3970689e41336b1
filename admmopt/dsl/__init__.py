"""What a user writes: CVXPY's modelling names (the same objects), ao.Problem, nonconvex sets, and solve."""
