"""The key of the hash under which customers are found: made once, kept in the data folder.

It is no part of the web's secret, which may be changed at any time: a changed customer key would
make every known customer a stranger.
"""

import os
import secrets
from pathlib import Path

CUSTOMER_KEY_FILE = "customer.key"


def customer_key(data_dir: Path) -> bytes:
    """Return the installation's key (32 bytes), making it readable for its owner only."""
    path = data_dir / CUSTOMER_KEY_FILE
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text("ascii").strip())
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text("ascii").strip())
