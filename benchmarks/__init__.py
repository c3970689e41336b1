"""Benchmarks of admmopt: real problems, independent references, and a grader that trusts no solver's own word.

Run ``python -m benchmarks run --help``. The folder of data sets is named by ``--data DIR`` or ``ADMMOPT_DATA``.
"""
