"""What this package is, under the names `requests` gives them."""

__title__ = "martlet"
__description__ = "The requests API on a Rust engine, sync and async."
__url__ = "https://github.com/martlet-http/martlet"
__version__ = "0.1.0"
__build__ = 0x000100
__author__ = "The martlet developers"
__author_email__ = "maintainers@users.noreply.github.com"
__license__ = "MIT OR Apache-2.0"
__copyright__ = "Copyright The martlet developers"
