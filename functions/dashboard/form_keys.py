"""The key that forms' keys are made with, from Secrets Manager, read once per process."""

import hashlib
from functools import lru_cache

from invoicing.settings import get_settings
from invoicing.store.versioned_secrets import load_secrets


@lru_cache(maxsize=1)
def load_form_key() -> bytes:
    # Rotated, the forms that are open at the moment have to be loaded anew: nothing more.
    return hashlib.sha256(b"form|" + load_secrets(get_settings().form_key)[0].encode()).digest()
