"""What any backend must satisfy, in one line of a test of your own, and what the Jacobian of any function's prox must:

from admmopt.testing import check_backend, check_jacobian
def test_conformance(): check_backend(MyBackend())
def test_jacobian(): check_jacobian(MyFunction(), v, t)
"""

from .backends import check_backend
from .jacobians import check_jacobian

__all__ = ["check_backend", "check_jacobian"]
