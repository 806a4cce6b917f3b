"""Whether tests may take many minutes, as those of `make slow` do."""

import os

AT_LENGTH = "MUNDAP_LONG" in os.environ
