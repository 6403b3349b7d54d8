"""A plot of the measured CPU time by size, as SVG: both axes logarithmic, one line a command."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 420, 60, 20, 190, 45
COLORS = ("#1155cc", "#0b8043", "#b3261e", "#8e24aa", "#e37400", "#5f6368", "#00838f", "#6d4c41")


def svg(lines: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """`lines` are points (Ingresses, seconds) by command; seconds under 0.01 are drawn there."""
    points = [point for line in lines.values() for point in line]
    sizes = sorted({size for size, _ in points})
    low, high = math.log10(sizes[0]), math.log10(sizes[-1])
    bottom = -2
    top = math.ceil(math.log10(max(seconds for _, seconds in points)))
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(size: float) -> float:
        return LEFT + width * (math.log10(size) - low) / (high - low or 1)

    def y(seconds: float) -> float:
        return TOP + height * (top - math.log10(max(seconds, 0.01))) / (top - bottom)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12" role="img" aria-label="CPU seconds by number of Ingresses">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for power in range(bottom, top + 1):
        at = y(10.0**power)
        parts.append(f'<path d="M{LEFT} {at:.1f}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
    for size in sizes:
        parts.append(f'<path d="M{x(size):.1f} {TOP}v{height}" stroke="#eee"/>')
        parts.append(f'<text x="{x(size):.1f}" y="{TOP + height + 18}" text-anchor="middle">{size:,}</text>')
    parts.append(f'<text x="{LEFT + width / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">Ingresses</text>')
    labels: list[float] = []
    order = sorted(lines.items(), key=lambda line: -line[1][-1][1])
    for i, (name, line) in enumerate(order):
        color = COLORS[i % len(COLORS)]
        path = " ".join(f"{x(size):.1f},{y(seconds):.1f}" for size, seconds in line)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(s):.1f}" cy="{y(t):.1f}" r="3" fill="{color}"/>' for s, t in line]
        at = max(y(line[-1][1]) + 4, labels[-1] + 14 if labels else 0)
        labels.append(at)
        parts.append(f'<text x="{LEFT + width + 8}" y="{at:.1f}" fill="{color}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
