"""Words of the dashboard where a school says it in another way; keys of ``dashboard``."""

TEXTS: dict[str, str] = {
    "nav.uploads": "Fee uploads",
    "uploads.new": "Upload student fees",
}
