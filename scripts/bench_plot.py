"""Draws hit times as bars, in an SVG of its own: no library, no font of the machine."""

COLORS = {"floor": "#9aa0a6", "nvcache": "#4c8c2b", "ccache": "#c9772f", "ccache depend": "#e0a96d",
          "ccache head": "#8a4b12"}
HEIGHT = 22
LEFT = 190
WIDTH = 520


def bar(y, name, value, longest):
    length = max(1.0, WIDTH * value / longest)
    return ('<rect x="%d" y="%d" width="%.1f" height="16" fill="%s"/>'
            '<text x="%.1f" y="%d">%.1f ms</text><text x="%d" y="%d" text-anchor="end">%s</text>' %
            (LEFT, y, length, COLORS.get(name, "#777777"), LEFT + length + 5, y + 13, value, LEFT - 6, y + 13, name))


def draw(report, path):
    rows = [row for row in report["rows"] if row["what"].startswith("hit: a ") and "caches" not in row["what"]]
    parts = []
    y = 8
    for row in rows:
        times = {name: figures["ms"] for name, figures in row["times"].items() if name in COLORS}
        parts.append('<text x="8" y="%d" font-weight="bold">%s, %d headers</text>' %
                     (y + 13, row["what"][5:], row["headers"]))
        y += HEIGHT
        for name in sorted(times, key=list(COLORS).index):
            parts.append(bar(y, name, times[name], max(times.values())))
            y += HEIGHT
        y += 10
    with open(path, "w", encoding="ascii") as file:
        file.write('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" '
                   'font-size="13"><rect width="100%%" height="100%%" fill="white"/>%s</svg>\n' %
                   (LEFT + WIDTH + 90, y, "\n".join(parts)))
