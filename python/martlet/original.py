"""The head of an engine's response in the shape of `http.client`, which cookie jars read."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPMessage

    from ._martlet import Raw


class Original:
    """What is looked at in an `http.client.HTTPResponse`: `msg` above all."""

    def __init__(self, engine: Raw) -> None:
        from http.client import HTTPMessage

        self.status = engine.status_code
        self.reason = engine.reason.decode("latin-1")
        self.version = engine.version
        self.msg: HTTPMessage = HTTPMessage()
        for name, value in engine.headers():
            self.msg[name] = value
        self.headers = self.msg

    def isclosed(self) -> bool:
        """False: the connection is the engine's business."""
        return False

    def close(self) -> None:
        """Nothing to close here."""


class HeadOnly:
    """What `extract_cookies_to_jar` wants of a response, without its body."""

    def __init__(self, engine: Raw) -> None:
        self._original_response = Original(engine)
