"""A small line chart as SVG, drawn by hand: no plotting library is worth its weight for one picture."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 340, 64, 130, 40, 46
COLOURS = ("#2457a6", "#c4552d", "#3d8b52", "#7a5ba8")
Line = Sequence[tuple[float, float]]


def chart(title: str, across: str, up: str, lines: Mapping[str, Line]) -> str:
    """Lines from zero upwards, each named at its end."""
    right = max(x for line in lines.values() for x, _ in line)
    top = _round_up(max(y for line in lines.values() for _, y in line))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12" fill="#444">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{LEFT}" y="22" font-size="14" fill="#111">{escape(title)}</text>',
    ]
    parts += [_gridline(top * step / 4, top) for step in range(5)]
    parts += [_tick(right * step / 5, right) for step in range(6)]
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 8}">{escape(across)}</text>')
    parts.append(f'<text x="8" y="{TOP - 8}">{escape(up)}</text>')
    for colour, (name, line) in zip(COLOURS, lines.items(), strict=False):
        parts.append(_line(name, line, colour, right, top))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(name: str, line: Line, colour: str, right: float, top: float) -> str:
    points = " ".join(f"{_x(x, right):.1f},{_y(y, top):.1f}" for x, y in line)
    end = _y(line[-1][1], top) + 4
    label = f'<text x="{WIDTH - RIGHT + 6}" y="{end:.1f}" fill="{colour}">{escape(name)}</text>'
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>{label}'


def _gridline(value: float, top: float) -> str:
    y = _y(value, top)
    return (
        f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    )


def _tick(value: float, right: float) -> str:
    return (
        f'<text x="{_x(value, right):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:.0f}</text>'
    )


def _x(value: float, right: float) -> float:
    return LEFT + value / right * (WIDTH - LEFT - RIGHT)


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def _round_up(value: float) -> float:
    """To a number whose quarters are round."""
    step = 10.0 ** (len(str(int(max(value, 1)))) - 1) * 0.4
    return float(-(-value // step) * step)
