"""A thousand kills over everything that writes: `python -m tests.chaos` (`make chaos`)."""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"  # before numpy: processes are forked here
