"""How long a browser takes to open the HTML report, and to narrow it, for repositories of several sizes.

python benchmarks/page.py [--ingresses N]… [--repeat 5]

Prints a table in Markdown: medians in milliseconds, from the start of the navigation to the first frame that has the
table, and from a letter typed into the search field to the next frame; and the page's size.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

from gitops_kong.report import html_page
from tests.browser import MISSING, chromium, opened
from tests.report.sample import large

# Two frames: the first callback runs before the frame that shows what was drawn, the second after it.
FRAME = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
TYPE = f"""() => {{
  const start = performance.now(), search = document.getElementById("search");
  search.value = "route-1";
  search.dispatchEvent(new Event("input"));
  return {FRAME}.then((end) => end - start);
}}"""


def times(page: Any, file: Path) -> tuple[float, float]:
    """Milliseconds to open the file, and to search in it."""
    page.goto("about:blank")
    page.goto(file.as_uri())
    return page.evaluate(FRAME), page.evaluate(TYPE)


@click.command()
@click.option("--ingresses", type=int, multiple=True, default=(100, 1000, 5000), show_default=True)
@click.option("--repeat", type=int, default=5, show_default=True)
def main(ingresses: tuple[int, ...], repeat: int) -> None:
    """Open reports of several sizes in Chromium."""
    path = chromium()
    if path is None:
        raise click.ClickException(MISSING)
    print("| Ingresses | size | written in | opened in | searched in |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory() as folder, opened(path) as new_page:
        page = new_page()
        for number in ingresses:
            report = large(number)
            start = time.perf_counter()
            text = html_page.write(report)
            wrote = (time.perf_counter() - start) * 1000
            file = Path(folder, f"{number}.html")
            file.write_text(text, encoding="utf-8")
            opening, searching = (
                statistics.median(t) for t in zip(*(times(page, file) for _ in range(repeat)), strict=True)
            )
            size = len(text.encode()) / 1000
            print(f"| {number:,} | {size:,.0f} kB | {wrote:.0f} ms | {opening:.0f} ms | {searching:.0f} ms |")


if __name__ == "__main__":
    main()
