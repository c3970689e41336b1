"""Problems that people ask for by name, on every backend: eigenpairs and principal components."""

from .eigen import Eigenpairs as Eigenpairs
from .eigen import eigs as eigs
from .pca import PCA as PCA
from .pca import pca as pca
