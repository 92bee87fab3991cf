"""Money on pages."""

from django import template

register = template.Library()


@register.filter
def dollars(microdollars: int) -> str:
    """1234567 -> $1.23, 4200 -> $0.0042, 12 -> less than $0.0001."""
    amount = microdollars / 1_000_000
    if 0 < amount < 0.0001:
        return "less than $0.0001"
    return f"${amount:,.2f}" if amount >= 0.1 or not amount else f"${amount:.4f}"
