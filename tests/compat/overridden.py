"""A session that overrides something, so that its calls take the compatible road."""

from __future__ import annotations

from typing import Any

import martlet


class Session(martlet.Session):
    def send(self, request: Any, **keywords: Any) -> Any:
        return super().send(request, **keywords)
