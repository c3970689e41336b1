"""Other solvers on the same instances, through CVXPY: same data, same grader, a process each, one thread."""
