"""Shrink the lists of known offenders to what is left of them. `--accept-new` also takes in new ones: say why in the commit."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools import check_mirror, check_shape
from tools.sources import RATCHET, load_table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accept-new", action="store_true")
    accept_new: bool = parser.parse_args().accept_new
    root = Path()
    shape: dict[str, int] = dict(load_table(root, "shape"))
    mirror: list[str] = list(load_table(root, "mirror").get("offenders", []))
    now = {fault.key: fault.size for fault in check_shape.all_faults(root)}
    lines = {
        key: size if accept_new else min(size, shape[key])
        for key, size in now.items()
        if accept_new or key in shape
    }
    homeless = [fault.key for fault in check_mirror.all_faults(root)]
    offenders = [key for key in homeless if accept_new or key in mirror]
    text = RATCHET.read_text(encoding="utf-8").partition("[shape]")[0] + "[shape]\n"
    text += "".join(f'"{key}" = {size}\n' for key, size in sorted(lines.items()))
    text += "\n[mirror]\noffenders = [\n" + "".join(f'  "{key}",\n' for key in sorted(offenders)) + "]\n"
    RATCHET.write_text(text, encoding="utf-8")
    print(f"{RATCHET}: {len(lines)} shapes, {len(offenders)} files without their mirror")
    return 0


if __name__ == "__main__":
    sys.exit(main())
