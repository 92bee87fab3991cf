"""The register of kinds. Their order is their precedence: what two kinds claim goes to the first, credentials before all."""

from ingest.redaction import addresses, contact, credentials, national_ids, payment, people
from ingest.redaction.rules import Kind

CUSTOM_TOKEN = "<REDACTED_CUSTOM>"  # noqa: S105
CUSTOM = "custom"

KINDS: dict[str, Kind] = {
    kind.name: kind
    for group in (credentials, payment, national_ids, contact, addresses, people)
    for kind in group.KINDS
}
ORDER = {name: rank for rank, name in enumerate([*KINDS, CUSTOM])}
DEFAULT_KINDS = frozenset(kind.name for kind in KINDS.values() if kind.default)


def token_of(kind: str) -> str:
    return CUSTOM_TOKEN if kind == CUSTOM else KINDS[kind].token
