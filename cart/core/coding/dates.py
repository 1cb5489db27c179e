"""Dates as codes write them: two digits of a year, and a day 00 for the end of the month.

Which century is meant depends on today, and today always comes in as a value.
"""

from __future__ import annotations

from datetime import date

from cart.core.coding.faults import CodeError

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def year_of(two_digits: int, today: date) -> int:
    """The year from 49 before to 50 after today's (GS1 General Specifications 7.12)."""
    year = today.year - today.year % 100 + two_digits
    if year - today.year > 50:
        return year - 100
    return year + 100 if year - today.year < -49 else year


def date_of(digits: str, *, day_zero: bool = True) -> date:
    """YYYYMMDD as a date; with `day_zero`, the day 00 is the month's last. Raises CodeError."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    if not 1 <= month <= 12:
        raise CodeError(f"{digits[4:6]} is no month")
    if not year:
        raise CodeError(f"{digits[:4]} is no year")
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = 29 if leap and month == 2 else _DAYS[month - 1]
    if day > days or (day == 0 and not day_zero):
        raise CodeError(f"{digits[6:8]} is no day of that month")
    return date(year, month, day or days)


def short_date_of(digits: str, today: date) -> date:
    """YYMMDD as a date, a day 00 being the month's last. Raises CodeError."""
    return date_of(f"{year_of(int(digits[:2]), today):04d}{digits[2:6]}")
