"""Readers of the data sets that lie in the folder named by --data; small sets that scikit-learn carries otherwise."""

from __future__ import annotations

import gzip
import io
import itertools
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from .base import MissingData


def find(folder: Path | None, *parts: str) -> Path:
    """The path of a data file, or MissingData with the folder that is wanted."""
    wanted = "/".join(parts)
    if folder is None:
        raise MissingData(f"this benchmark reads {wanted}: name the folder that holds it with --data DIR.")
    path = folder.joinpath(*parts)
    if not path.exists():
        raise MissingData(
            f"this benchmark reads {wanted}, which is not in {folder}: name another folder with --data DIR."
        )
    return path


def svmlight(path: Path, rows: int | None = None, columns: int | None = None) -> tuple[sp.csr_array, np.ndarray]:
    """(X, y) of the first rows (or all) of a gzipped text file in LIBSVM's format."""
    from sklearn.datasets import load_svmlight_file

    with gzip.open(path, "rb") as stream:
        lines = stream if rows is None else io.BytesIO(b"".join(itertools.islice(stream, rows)))
        X, y = load_svmlight_file(lines, n_features=columns)
    return sp.csr_array(X), y


def idx(path: Path, count: int) -> np.ndarray:
    """The first `count` items of a gzipped IDX array of bytes (a magic number, the sizes, the entries)."""
    with gzip.open(path, "rb") as stream:
        dimensions = stream.read(4)[3]
        total, *item = (int(side) for side in np.frombuffer(stream.read(4 * dimensions), ">i4"))
        count = min(count, total)
        return np.frombuffer(stream.read(count * int(np.prod(item))), np.uint8).reshape(count, *item)


def pictures(folder: Path | None, examples: int) -> tuple[np.ndarray, np.ndarray]:
    """(X, labels): rows of pixels in [0, 1], ten classes; MNIST where it is there, scikit-learn's digits otherwise."""
    if folder is not None and (folder / "mnist" / "train-images-idx3-ubyte.gz").exists():
        X = idx(folder / "mnist" / "train-images-idx3-ubyte.gz", examples)
        labels = idx(folder / "mnist" / "train-labels-idx1-ubyte.gz", examples)
        return X.reshape(len(X), -1) / 255.0, labels.astype(int)
    from sklearn.datasets import load_digits

    X, labels = load_digits(return_X_y=True)
    return X[:examples] / 16.0, labels[:examples]


def grey_picture(folder: Path | None, pixels: int) -> np.ndarray:
    """(pixels, pixels) in [0, 1]: the middle of images/camera.png, or of scikit-learn's sample photograph."""
    if folder is not None and (folder / "images" / "camera.png").exists():
        from matplotlib.image import imread

        picture = imread(folder / "images" / "camera.png").astype(float)
    else:
        from sklearn.datasets import load_sample_image

        picture = load_sample_image("china.jpg") / 255.0
    if picture.ndim == 3:
        picture = picture[..., :3].mean(axis=2)
    top, left = ((side - pixels) // 2 for side in picture.shape)
    if min(top, left) < 0:
        raise ValueError(f"the picture is {picture.shape[0]}x{picture.shape[1]}, smaller than {pixels} pixels a side.")
    return picture[top : top + pixels, left : left + pixels]
