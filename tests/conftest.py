"""Hypothesis profiles: ``HYPOTHESIS_PROFILE`` is dev (default), ci (derandomized, prints blobs) or nightly.

None has a deadline: how long an example takes says how busy a machine is. CI draws 50 examples, dev half.
"""

import os

from hypothesis import settings

settings.register_profile("dev", deadline=None, max_examples=25)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile("nightly", deadline=None, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
