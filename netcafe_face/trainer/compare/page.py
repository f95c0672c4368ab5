"""A comparison as one HTML file that needs nothing beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape

from netcafe_face.trainer.compare.summary import Row
from netcafe_face.trainer.compare.tables import BESIDE, ours, published

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; margin: 1rem 0; }
th, td { border-bottom: 1px solid #ccc; padding: .35rem .7rem; text-align: left; }
td { font-variant-numeric: tabular-nums; white-space: nowrap; }
img { max-width: 100%; height: auto; margin: 1rem 0; }
@media (prefers-color-scheme: dark) {
  body { background: #16181c; color: #e8e8e8; } th, td { border-color: #444; } img { background: white; }
}
"""

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{style}</style></head>
<body>
{body}
</body></html>
"""


def html(title: str, rows: Sequence[Row], paragraphs: Sequence[str], figures: Mapping[str, bytes]) -> str:
    """Return a comparison's report as one HTML page, its figures within."""
    body = [
        table(*ours(rows)),
        f"<h2>Published figures</h2><p>{escape(BESIDE)}</p>",
        table(*published()),
    ]
    return page(title, paragraphs, body, figures)


def page(title: str, paragraphs: Sequence[str], body: Sequence[str], figures: Mapping[str, bytes]) -> str:
    """Return an HTML page of paragraphs, ready-made parts, and figures within the page itself."""
    parts = [f"<h1>{escape(title)}</h1>", *(f"<p>{escape(text)}</p>" for text in paragraphs), *body]
    for name, data in figures.items():
        shown = escape(name.rsplit(".", 1)[0].replace("-", " "))
        parts.append(f'<img alt="{shown}" src="data:image/png;base64,{base64.b64encode(data).decode()}">')
    return _FRAME.format(title=escape(title), style=_STYLE, body="\n".join(parts))


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return an HTML table."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>" for line in lines)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
