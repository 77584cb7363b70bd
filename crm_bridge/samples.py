"""Made-up customers for demos, scenarios and tests: the same ones each time, on any machine."""

from __future__ import annotations

from crm_bridge.customers import Customer
from csta.instants import DAY, Instant

_FIRST_NAMES = (
    "Ada", "Bilal", "Chiara", "Dmitri", "Elif", "Femi", "Greta", "Hiro", "Ines", "Jonas", "Kwame",
    "Leila", "Mateo", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Thandi", "Uma",
    "Viktor", "Wanda", "Xiomara", "Yusuf", "Zofia",
)  # fmt: skip
_LAST_NAMES = (
    "Abernathy", "Brandvold", "Castellan", "Drummore", "Eastlake", "Fairwater", "Grimshaw",
    "Hollowell", "Ironside", "Jessamy", "Kestrel", "Larkspur", "Merriweather", "Northcote",
    "Oakhurst", "Pemberley", "Quillfeather", "Ravensworth", "Silverton", "Thistlewood",
    "Underhill", "Vanterpool", "Whitlock",
)  # fmt: skip

_TIERS = ((1, "vip"), (5, "main"), (20, "ordinary"), (100, "small"))
"""Of each hundred customers, those up to the first share are VIPs, and so on (row P13)."""

_LANGUAGES = ("en", "en", "de", "es", "fr")
_FIRST_SINCE: Instant = 1_262_304_000_000
"""2010-01-01, in UTC."""
_SINCE_DAYS = 5_000

_LONDON = 1_000
_LINES = 100
_AREA_CODES = tuple(
    code
    for code in range(201, 990)
    if (code // 10) % 10 != 9 and code % 100 != 11  # noqa: PLR2004
)
_ROUNDS = 99
COUNT_MAX = _LONDON + len(_AREA_CODES) * _LINES * _ROUNDS

_SHARED_EVERY = 50


def sample_customers(count: int) -> list[Customer]:
    """Make the first `count` sample customers; ids are `C0000001` and on.

    Each has one number; each fiftieth has the number of the one before as well, as people of one
    household do. The numbers are of the ranges set aside for fiction (+44 20 7946 0xxx,
    +1 … 555 01xx) as long as those last: 72,100 customers.

    Raises:
        ValueError: There are not so many numbers.
    """
    if count > COUNT_MAX:
        raise ValueError(f"there are numbers for {COUNT_MAX} customers, not for {count}")
    return [_customer(index) for index in range(count)]


def _customer(index: int) -> Customer:
    numbers = [_number(index)]
    if index % _SHARED_EVERY == _SHARED_EVERY - 1:
        numbers.append(_number(index - 1))
    family = index // len(_FIRST_NAMES) + index
    return Customer(
        customer_id=f"C{index + 1:07}",
        name=f"{_FIRST_NAMES[index % len(_FIRST_NAMES)]} {_LAST_NAMES[family % len(_LAST_NAMES)]}",
        # 37 and 100 have no common divisor: in each hundred customers each percentage comes once.
        tier=next(tier for share, tier in _TIERS if index * 37 % 100 < share),
        language=_LANGUAGES[index % len(_LANGUAGES)],
        since=_FIRST_SINCE + index * 997 % _SINCE_DAYS * DAY,
        numbers=tuple(numbers),
    )


def _number(index: int) -> str:
    """Take London's and North America's numbers in turn, then North America's alone."""
    if index < 2 * _LONDON and index % 2 == 0:
        return f"+442079460{index // 2:03}"
    place = index // 2 if index < 2 * _LONDON else index - _LONDON
    block, line = divmod(place, _LINES)
    turn, area = divmod(block, len(_AREA_CODES))
    return f"+1{_AREA_CODES[area]}555{(turn + 1) * _LINES + line:04}"
