"""Figures as SVG: lines over time, with axes, units and a legend, and nothing else."""
import html
import math
import statistics

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 44, 40
COLOURS = ("#1f6feb", "#d1242f", "#2da44e", "#9a6700")
AXIS, GRID = "#57606a", "#d8dee4"
MOST_POINTS = 300


def nice_step(span, count=5):
    """A step of 1, 2 or 5 times a power of ten that divides a span into about so many."""
    rough = (span or 1) / count
    power = 10 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)


def thinned(points):
    """At most so many, each the median of a stretch."""
    step = max(1, math.ceil(len(points) / MOST_POINTS))
    return [(points[place][0], statistics.median(value for _, value in points[place:place + step]))
            for place in range(0, len(points), step)]


def number(value):
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


class Axes:
    def __init__(self, x_most, y_most):
        self.x_step, self.y_step = nice_step(x_most, 8), nice_step(y_most)
        self.x_most = x_most
        self.y_most = math.ceil(y_most / self.y_step) * self.y_step or self.y_step

    def x(self, value):
        return LEFT + value / self.x_most * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        return HEIGHT - BOTTOM - min(value, self.y_most) / self.y_most * (HEIGHT - TOP - BOTTOM)

    def ticks(self):
        for place in range(math.floor(self.x_most / self.x_step + 1e-9) + 1):
            value = place * self.x_step
            x, y = f"{self.x(value):.1f}", HEIGHT - BOTTOM
            yield f'<line stroke="{AXIS}" x1="{x}" y1="{y}" x2="{x}" y2="{y + 4}"/>'
            yield f'<text x="{x}" y="{y + 16}" text-anchor="middle">{number(value)}</text>'
        for place in range(round(self.y_most / self.y_step) + 1):
            value = place * self.y_step
            colour = AXIS if not place else GRID
            y = f"{self.y(value):.1f}"
            yield f'<line stroke="{colour}" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>'
            yield f'<text x="{LEFT - 8}" y="{self.y(value) + 4:.1f}" text-anchor="end">{number(round(value, 6))}</text>'


def figure(title, unit, series, y_most=None):
    """An SVG document.

    - series: names and their points, each a time in seconds and a value.
    - y_most: what is higher is drawn at the upper edge.
    """
    series = [(name, thinned(points)) for name, points in series]
    points = [point for _, some in series for point in some] or [(0, 0)]
    axes = Axes(max(max(x for x, _ in points) / 60, 0.1), y_most or max(max(y for _, y in points), 1e-9))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'role="img">',
        f"<title>{html.escape(title)}, {html.escape(unit)}</title>",
        f'<g font-family="sans-serif" font-size="11" fill="{AXIS}" stroke-width="1.5" stroke-linejoin="round">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text font-size="13" font-weight="bold" fill="#24292f" x="{LEFT}" y="20">{html.escape(title)}</text>',
        f'<text x="{LEFT}" y="36">{html.escape(unit)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">minutes</text>',
        *axes.ticks(),
    ]
    for place, (name, some) in enumerate(series):
        colour = COLOURS[place % len(COLOURS)]
        line = " ".join(f"{axes.x(x / 60):.1f},{axes.y(y):.1f}" for x, y in some)
        parts.append(f'<polyline fill="none" stroke="{colour}" points="{line}"/>')
        if len(series) > 1:
            x = WIDTH - RIGHT - 130 * (len(series) - place) + 10
            parts.append(f'<line x1="{x}" y1="32" x2="{x + 18}" y2="32" stroke="{colour}" stroke-width="2"/>')
            parts.append(f'<text x="{x + 24}" y="36">{html.escape(name)}</text>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


def column(samples, name):
    return [(sample["second"], sample[name]) for sample in samples]


def rate(samples, *names):
    """How much their sum grew a second."""
    return [(later["second"], sum(later[name] - earlier[name] for name in names) / (later["second"] - earlier["second"]))
            for earlier, later in zip(samples, samples[1:]) if later["second"] > earlier["second"]]


def figures(samples, delivery):
    """All of a run, by name."""
    others = [(one["second"], one["descriptors"] - one["sessions"]) for one in samples]
    delivered = [[(one["second"], one[name]) for one in delivery] for name in ("p50_ms", "p99_ms", "longest_ms")]
    return {
        "memory": figure("Memory of the server", "MB", [
            ("resident", column(samples, "resident_mb")), ("heap in use", column(samples, "heap_mb")),
            ("SQLite's pages", column(samples, "pages_mb"))]),
        "descriptors": figure("Open files of the server", "descriptors", [
            ("all", column(samples, "descriptors")), ("live sessions", column(samples, "sessions")),
            ("the others", others)]),
        "threads": figure("Threads of the server", "threads", [("threads", column(samples, "threads"))]),
        "cpu": figure("Processor time of the server", "% of one core", [("cpu", column(samples, "cpu_percent"))]),
        "data": figure("Data directory", "MB", [("data", column(samples, "data_mb"))]),
        "receipts": figure("Posts that reached sessions", "a second", [
            ("live", rate(samples, "receipts")), ("by resume", rate(samples, "resumed"))]),
        "delivery": figure("From the call to the last session that was there", "ms, of the posts of five seconds", [
            ("median", delivered[0]), ("99th percentile", delivered[1]), ("longest", delivered[2])]),
        "rest": figure("REST calls", "ms, of the calls of a second", [
            ("median", column(samples, "rest_p50_ms")), ("99th percentile", column(samples, "rest_p99_ms"))]),
    }
