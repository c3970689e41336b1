"""Other doors into the engine: CVXPY solver plug-in, problem files, command line."""
