from .cones import DualCone as DualCone
from .cones import SecondOrderCone as SecondOrderCone
from .exponential import ExponentialCone as ExponentialCone
from .power import PowerCone as PowerCone
from .power import PowerConeND as PowerConeND
from .semidefinite import PSDCone as PSDCone
