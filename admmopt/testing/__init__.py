"""What any backend must satisfy, in one line of a test of your own:

from admmopt.testing import check_backend
def test_conformance(): check_backend(MyBackend())
"""

from .backends import check_backend

__all__ = ["check_backend"]
