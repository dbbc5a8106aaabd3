"""The Codegen-compatible server. Needs the extra `serve`; nothing outside of this package imports it at import time."""
