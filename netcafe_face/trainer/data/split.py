"""The one split, fixed before the first training: who is trained on and who is only ever tested."""

from __future__ import annotations

import hashlib

SPLIT_SENTENCE = (
    "People whose int(sha256('netcafe-dev-' + name), 16) is divisible by 5 are held out: never trained on, "
    "never shown to a teacher, used for validation, thresholds and benchmarks only; so is every fifth photo, "
    "by the same rule over its file name, of folders without names."
)


def is_held_out(name: str) -> bool:
    """Tell whether an identity, or a photo file of a folder without identities, is never trained on.

    Args:
        name: the identity's name as its folder is called (`George_W_Bush`), or the photo's file name.
    """
    digest = hashlib.sha256(("netcafe-dev-" + name).encode("utf-8")).hexdigest()
    return int(digest, 16) % 5 == 0
