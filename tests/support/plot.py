# SPDX-License-Identifier: GPL-2.0-or-later
"""Plots as SVG, without a library: panels beside each other, each with one line."""

import math
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT = 240, 180  # of a panel's area, in pixels
LEFT, TOP, GAP, BOTTOM = 50, 40, 80, 50
STEPS = 4
LABEL_WIDTH = 16  # of a number below the axis, at least
DIGIT_WIDTH = 8
MANY = 40  # with more points, each is only a part of the line


class Panel(NamedTuple):
    title: str
    points: list  # pairs: a positive number below the axis, and a value that is not negative


def round_up(value):
    """The smallest of 1, 2, 4, 6, 8 times a power of ten, and 10 times, that is not below VALUE."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1
    return next(digit * power for digit in (1, 2, 4, 6, 8, 10) if digit * power >= value)


def text(x, y, words, anchor="middle"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def labels(points, places, y):
    """As many numbers below the axis as have room, the last one always."""
    limit = math.inf
    for (number, _), (x, _) in reversed(list(zip(points, places))):
        if x <= limit:
            limit = x - max(LABEL_WIDTH, DIGIT_WIDTH * len(str(number)) + LABEL_WIDTH / 2)
            yield text(x, y, str(number))


def draw(panel, left, axis):
    """The lines of SVG for one panel whose area begins at LEFT. Both axes are linear and begin at 0."""
    most, top = panel.points[-1][0], round_up(max(value for _, value in panel.points))
    bottom = TOP + HEIGHT
    places = [(left + WIDTH * number / most, bottom - HEIGHT * value / top) for number, value in panel.points]
    yield text(left + WIDTH / 2, TOP - 20, panel.title)
    for step in range(STEPS + 1):
        y = bottom - HEIGHT * step / STEPS
        yield f'<path class="grid" d="M{left} {y:.1f}h{WIDTH}"/>'
        yield text(left - 6, y + 4, f"{top * step / STEPS:.3g}", "end")
    yield from labels(panel.points, places, bottom + 18)
    yield f'<path class="line" d="M{" L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
    if len(places) <= MANY:
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in places)
    yield text(left + WIDTH / 2, bottom + 38, axis)


def svg(panels, axis):
    """AXIS says what the numbers below the panels count."""
    width = LEFT + len(panels) * (WIDTH + GAP)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + HEIGHT + BOTTOM}">',
             '<style>text{font:12px sans-serif}.grid{stroke:#ccc}.line{stroke:#a80030;fill:none}circle{fill:#a80030}</style>',
             '<rect width="100%" height="100%" fill="#fff"/>']
    for number, panel in enumerate(panels):
        lines += draw(panel, LEFT + number * (WIDTH + GAP), axis)
    return "\n".join([*lines, "</svg>", ""])
