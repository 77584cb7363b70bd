"""How what is posted to a web-hook is signed, be it an event or the question of a route."""

from __future__ import annotations

import hashlib
import hmac


def signed(secret: bytes, body: bytes, at_s: int) -> dict[str, str]:
    """Give the headers that prove who has sent a body, and when (seconds since 1970).

    The signature is `v1=` and the HMAC-SHA-256 over `seconds.body`, in hexadecimal.
    """
    digest = hmac.new(secret, b"%d.%s" % (at_s, body), hashlib.sha256).hexdigest()
    return {"Webhook-Timestamp": str(at_s), "Webhook-Signature": f"v1={digest}"}
