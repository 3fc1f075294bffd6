# SPDX-License-Identifier: GPL-2.0-or-later
"""The report: a dictionary, which is the JSON file, and two tables made of it."""

from many import COLUMNS

MARKDOWN_ESCAPES = str.maketrans({"|": "\\|"})


def ratio(results):
    medians = [result.get("median") for result in results]
    return medians[0] / medians[1] if len(medians) == 2 and None not in medians and medians[1] else None


def make(facts, size, count, sides, points):
    """FACTS are (what, value) pairs; `ours` comes first in SIDES."""
    rows = []
    for row in sides[0].rows:
        servers = {side.name: side.result(row) for side in sides}
        title = row.title.replace("SIZE", str(size)).replace("COUNT", str(count))
        rows.append({"row": row.name, "title": title, "unit": row.unit, "ratio": ratio(list(servers.values())),
                     "servers": servers})
    return {
        "facts": dict(facts),
        "commands": {side.name: side.argv() for side in sides},
        "lost": {side.name: side.lost for side in sides},
        "rows": rows,
        "many": points,
    }


def all_measured(report):
    results = [result for row in report["rows"] for result in row["servers"].values()]
    return not any(result["failed"] for result in results) and not any(report["lost"].values())


def number(value):
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def median(result, unit):
    if "median" in result and not result["failed"]:
        return f"{number(result['median'])} {unit}"
    return "failed" if result["failed"] else "-"


def spread(result):
    if "median" not in result or result["failed"]:
        return ""
    return f"{number(result['min'])} .. {number(result['max'])} ({len(result['samples'])})"


def ratio_cell(row):
    value = row["ratio"]
    return "-" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def table_lines(report, spreads):
    """A heading and the rows, each a list of cells."""
    servers = list(report["commands"])
    both = len(servers) > 1
    heads = [[server] + ["min .. max (n)"] * spreads for server in servers]
    yield ["row"] + sum(heads, []) + ["ratio"] * both
    for row in report["rows"]:
        results = [row["servers"][server] for server in servers]
        cells = [[median(result, row["unit"])] + [spread(result)] * spreads for result in results]
        yield [row["title"]] + sum(cells, []) + [ratio_cell(row)] * both


def many_lines(report):
    """The same for many testbeds at once; nothing if they were not measured."""
    points = report.get("many", [])
    if points:
        yield ["testbeds at once", *(title for _, title, _ in COLUMNS)]
    for point in points:
        yield [str(point["count"]), *(f"{number(point[name])} {unit}" for name, _, unit in COLUMNS)]


def notes(report):
    if len(report["commands"]) > 1:
        yield "A ratio below 1 means that the first server takes less."
    for server, lost in report["lost"].items():
        yield from (f"{server}: a session got no testbed and does not count: {reason}" for reason in lost)


def text_table(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        first, *others = zip(line, widths)
        cells = [first[0].ljust(first[1])] + [cell.rjust(width) for cell, width in others]
        yield "  ".join(cells).rstrip()
    yield ""


def text(report):
    """Tables for a terminal."""
    yield from (f"{what + ':':<{max(map(len, report['facts'])) + 1}} {value}" for what, value in report["facts"].items())
    yield ""
    for lines in filter(None, (list(table_lines(report, True)), list(many_lines(report)))):
        yield from text_table(lines)
    yield from notes(report)


def markdown_table(lines):
    lines.insert(1, ["---"] + ["---:"] * (len(lines[0]) - 1))
    yield from (f"| {' | '.join(cell.translate(MARKDOWN_ESCAPES) for cell in line)} |" for line in lines)
    yield ""


def markdown(report):
    """The same in Markdown, medians only."""
    yield from (f"- {what}: {value}" for what, value in report["facts"].items())
    yield ""
    for lines in filter(None, (list(table_lines(report, False)), list(many_lines(report)))):
        yield from markdown_table(lines)
    yield from notes(report)
