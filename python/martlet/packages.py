"""`martlet.packages.urllib3`, `.idna` and `.chardet`: the very modules of those names, as in requests."""

from __future__ import annotations

import sys
from importlib import import_module

for _name, _module in (("urllib3", "urllib3"), ("idna", "idna"), ("chardet", "charset_normalizer")):
    globals()[_name] = import_module(_module)
    for _loaded in [name for name in sys.modules if name == _module or name.startswith(f"{_module}.")]:
        sys.modules[f"{__name__}.{_name}{_loaded[len(_module) :]}"] = sys.modules[_loaded]
