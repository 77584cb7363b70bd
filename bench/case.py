"""One measured run in a process of its own: `python -m bench.case MODULE '{"option": …}'`."""

from __future__ import annotations

import importlib
import resource
import sys

import msgspec

from bench.figures import Measured


def main(module: str, options: str) -> None:
    """Let the module measure, and write what it gives, with the peak of memory, as JSON."""
    measure = importlib.import_module(f"bench.{module}").measure
    results: dict[str, Measured] = measure(**msgspec.json.decode(options))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mib = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    marked = {
        name: msgspec.structs.replace(result, peak_mib=peak_mib) for name, result in results.items()
    }
    sys.stdout.buffer.write(msgspec.json.encode(marked))


if __name__ == "__main__":
    main(*sys.argv[1:])
