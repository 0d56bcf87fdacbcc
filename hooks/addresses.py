"""The site's public address, which is known only when the builder names it, and the files that depend on it."""

from pathlib import Path
from urllib.parse import urlsplit


def public_address(site_url: str | None) -> str:
    """Return the address that readers will use, with a slash at its end; nothing if the build does not know it."""
    host = urlsplit(site_url or "").hostname
    return "" if host in (None, "localhost", "127.0.0.1", "::1") else f"{site_url.rstrip('/')}/"


def withdraw_sitemap(site: Path) -> None:
    """Remove the sitemap of a site whose address is not known: it could only name the builder's own machine."""
    for name in ("sitemap.xml", "sitemap.xml.gz"):
        (site / name).unlink(missing_ok=True)
