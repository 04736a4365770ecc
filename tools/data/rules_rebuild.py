#!/usr/bin/env python3
"""Rebuilds the rule files that packages know: holidays.tsv and phones.tsv of each market, and zones.tsv.

Usage: rules_rebuild.py [DATA_FOLDER]

Needs the PyPI packages of versions.txt. The other rule files are gathered by hand and name their origin themselves.
"""

import sys
from pathlib import Path

import rules_holidays
import rules_phones
import rules_zones


def rebuild(data_dir):
    """Write every derived rule file below data_dir."""
    for module in (rules_holidays, rules_phones, rules_zones):
        module.rebuild(data_dir)


if __name__ == "__main__":
    rebuild(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / "data")
