"""An evidence pack as a page to print: no script, nothing loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

PRINTED = 5000  # rows; all are in the JSON
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_STYLE = (
    "body{font:11pt/1.4 serif;margin:2cm auto;max-width:19cm;color:#111}h1{font-size:18pt}h2{font-size:13pt;margin-top:1.5em}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #bbb;padding:2px 6px;text-align:left;"
    "vertical-align:top}code{font:8pt monospace;word-break:break-all}thead{display:table-header-group}"
    "@media print{body{margin:0}tr{break-inside:avoid}}"
)


def page(pack: Mapping[str, Any]) -> str:
    """The page."""
    facts = {
        "Period": f"{pack['date_from']} to {pack['date_to']}", "Entries": pack["event_count"],
        "Numbers": f"{pack['first_seq']} to {pack['last_seq']}", "Made": pack["created_at"], "SHA-256": pack["hash"],
        "As it was hashed": "yes" if pack["unchanged"] else "NO: the ledger does not hold what was hashed",
        **_signed(pack["checkpoint"]),
    }  # fmt: skip
    rows = pack["rows"]
    more = f"<p>And {len(rows) - PRINTED} more, in the JSON of this pack.</p>" if len(rows) > PRINTED else ""
    body = (
        f"<h1>{escape(pack['name'])}</h1><p>{escape(pack['description'])}</p>{_table(facts)}"
        f"<h2>By kind</h2>{_table(pack['kinds'])}<h2>By decision</h2>{_table(pack['decisions'])}"
        f"<h2>Entries</h2><table><thead><tr><th>No.</th><th>Time</th><th>Kind</th><th>Hash</th></tr></thead>"
        f"{''.join(_row(each) for each in rows[:PRINTED])}</table>{more}"
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(pack["name"])}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _signed(checkpoint: Mapping[str, Any] | None) -> dict[str, Any]:
    if checkpoint is None:
        return {"Signed": "not yet"}
    return {
        "Signed tree": f"{checkpoint['size']} entries, root {checkpoint['root']}", "Key": checkpoint["key_id"],
        "Signature": checkpoint["signature"],
    }  # fmt: skip


def _table(values: Mapping[str, Any]) -> str:
    cells = (
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in values.items()
    )
    return f"<table>{''.join(cells)}</table>" if values else "<p>None.</p>"


def _row(each: Mapping[str, Any]) -> str:
    return (
        f"<tr><td>{each['seq']}</td><td>{escape(each['at'])}</td><td>{escape(each['kind'])}</td>"
        f"<td><code>{each['hash']}</code></td></tr>"
    )
