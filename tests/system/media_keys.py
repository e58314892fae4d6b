"""Media tokens made outside of Headrace, by the openssl program, and what is said to who has none:
docs/media-tokens.md."""

import base64
import pathlib
import re
import subprocess
import time

NO_BYTES = re.compile(rb"[0-9a-zA-Z .,:;'\"{}/_\-\n]{0,400}")  # A problem document, and short.


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class MediaKey:
    def __init__(self, key_id, file):
        self.id = key_id
        self.file = pathlib.Path(file)
        if not self.file.exists():
            subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.file],
                           check=True, capture_output=True, timeout=60)
        public = subprocess.run(["openssl", "pkey", "-in", self.file, "-pubout", "-outform", "DER"],
                                check=True, capture_output=True, timeout=60).stdout
        self.line = f"{key_id}:{base64url(public[-32:])}"

    def token(self, prefix, seconds=3600):
        """What stands behind "/media/~"; `prefix` begins and ends with "/"."""
        expires = int(time.time() + seconds)
        message = self.file.with_suffix(".message")
        message.write_text(f"{self.id}.{expires}.{prefix}")
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.file,
                                    "-in", message], check=True, capture_output=True,
                                   timeout=60).stdout
        return f"{self.id}.{expires}.{len(prefix)}.{base64url(signature)}"


def refused(answer):
    """By an edge, for want of a good token; and nothing is told of what is there."""
    assert answer.status == 403, (answer.status, answer.fields)
    assert answer.fields["content-type"] == "application/problem+json"
    assert answer.fields["cache-control"] == "no-store"
    assert answer.fields["access-control-allow-origin"] == "*"
    for name in ("etag", "content-range", "last-modified", "age", "headrace-access"):
        assert name not in answer.fields, answer.fields
    assert "hit" not in answer.cache_status and "fwd" not in answer.cache_status
    assert NO_BYTES.fullmatch(answer.body), answer.body[:200]
    return True
