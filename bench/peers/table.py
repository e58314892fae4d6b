"""Medians, paired ratios, and the table."""

import statistics


def shown(value, unit):
    if unit == "fetches":
        return f"{value:.0f}"
    return f"{value:.3f}" if unit == "CPU-s/GB" else f"{value:.1f}"


def summary(rounds, servers, reference):
    """Per server: the median, and the median, least and greatest of its ratios to `reference` in
    the same round."""
    result = {}
    for name in servers:
        values = [one[name]["value"] for one in rounds if name in one]
        if not values:
            continue
        ratios = [one[name]["value"] / one[reference]["value"] for one in rounds
                  if name in one and one.get(reference, {}).get("value")]
        result[name] = {"median": statistics.median(values)}
        if ratios:
            result[name]["ratio"] = {"median": statistics.median(ratios), "least": min(ratios),
                                     "greatest": max(ratios)}
    return result


def cell(row, name, figures, reference, complaints):
    if name not in figures:
        return "–"
    text = shown(figures[name]["median"], row.unit)
    if name != reference and "ratio" in figures[name] and row.unit != "fetches":
        text += f" ({figures[name]['ratio']['median']:.2f}×)"
    return text + (" ✗" if complaints.get(name) else "")


def markdown(results, servers, reference):
    """`results`: (row, summary, complaints) in order."""
    lines = ["| row | unit | " + " | ".join(servers) + " | goal |",
             "|---|---|" + "---|" * (len(servers) + 1)]
    for row, figures, complaints in results:
        goal = f"≤ {row.goal:.2f}×" if row.goal else ""
        if row.kind == "collapse":
            goal = "one a chunk"
        cells = [cell(row, name, figures, reference, complaints) for name in servers]
        lines.append(f"| {row.title} | {row.unit} | " + " | ".join(cells) + f" | {goal} |")
    return "\n".join(lines)
