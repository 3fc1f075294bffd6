# SPDX-License-Identifier: GPL-2.0-or-later
"""A plot of what many testbeds cost, as SVG: one panel for each column of many.py."""

import math
from html import escape

from many import COLUMNS

WIDTH, HEIGHT = 240, 180  # of a panel's area, in pixels
LEFT, TOP, GAP, BOTTOM = 50, 40, 80, 50
STEPS = 4
LABEL_WIDTH = 16  # of a number below the axis


def round_up(value):
    """The smallest of 1, 2, 4, 6, 8 times a power of ten, and 10 times, that is not below VALUE."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(digit * power for digit in (1, 2, 4, 6, 8, 10) if digit * power >= value)


def text(x, y, words, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def count_labels(points, places, y):
    """As many as have room, the last one always."""
    limit = math.inf
    for point, (x, _) in reversed(list(zip(points, places))):
        if x <= limit:
            limit = x - LABEL_WIDTH
            yield text(x, y, str(point["count"]))


def panel(points, left, column):
    """The lines of SVG for one panel whose area begins at LEFT. Both axes are linear and begin at 0."""
    name, title, unit = column
    most, top = points[-1]["count"], round_up(max(point[name] for point in points))
    bottom = TOP + HEIGHT
    places = [(left + WIDTH * point["count"] / most, bottom - HEIGHT * point[name] / top) for point in points]
    yield text(left + WIDTH / 2, TOP - 20, f"{title.replace('`', '')} ({unit})")
    for step in range(STEPS + 1):
        y = bottom - HEIGHT * step / STEPS
        yield f'<path class="grid" d="M{left} {y:.1f}h{WIDTH}"/>'
        yield text(left - 6, y + 4, f"{top * step / STEPS:.3g}", "end")
    yield from count_labels(points, places, bottom + 18)
    yield f'<path class="line" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
    yield text(left + WIDTH / 2, bottom + 38, "testbeds at once")


def svg(points):
    width = LEFT + len(COLUMNS) * (WIDTH + GAP)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + HEIGHT + BOTTOM}">',
             '<style>text{font:12px sans-serif}.grid{stroke:#ccc}.line{stroke:#a80030;fill:none}circle{fill:#a80030}</style>',
             '<rect width="100%" height="100%" fill="#fff"/>']
    for number, column in enumerate(COLUMNS):
        lines += panel(points, LEFT + number * (WIDTH + GAP), column)
    return "\n".join([*lines, "</svg>", ""])
