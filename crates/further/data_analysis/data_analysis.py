"""A large log on all cores: cut where lines end, summed up in chunks, and the sums merged.

Run:   python3 crates/further/data_analysis/data_analysis.py
Watch: the lanes of the pool; only names of chunks and sums cross between the processes.
"""

import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common
from logs import PATHS, bad_lines, cut, make_log, parse, sum_up, within

CHUNK = common.Kind("chunk", "parsed", "chunks")


def main():
    sections = ["whole in memory", "line by line", "a pool of processes"]
    options = {"megabytes": 8, "chunk": 1000, "workers": common.CORES}
    with common.Run("processes", sections, CHUNK, **options) as run:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "requests.csv")
            make_log(log, run.options.megabytes * 1_000_000)
            sum_up_all(run, log)
    return run.finish()


# ANCHOR: sum_up_all
def sum_up_all(run, log):
    chunks = list(cut(log, run.options.chunk * 1000))
    run.wanted[CHUNK] = 3 * len(chunks)
    run.workers = min(run.options.workers, len(chunks))
    run.section("whole in memory")
    rows = []
    for chunk in chunks:
        with run.begin(f"bytes {chunk[0]} to {chunk[1]}", CHUNK) as item:
            new = list(parse(log, chunk))
            item.end(len(new), f"{item.label}: {len(new)} lines")
        rows += new
    whole = sum_up(rows)
    run.section("line by line")
    answer = Counter()
    for item, part in map(partial(sum_up_chunk, log), chunks):
        answer.update(part)
        run.record(item)
    run.section("a pool of processes")
    merged = Counter()
    with ProcessPoolExecutor(max_workers=run.workers) as executor:
        for item, part in executor.map(partial(sum_up_chunk, log), chunks):
            merged.update(part)
            run.record(item)
    assert whole == answer == merged, "the ways have different answers"
    for path in PATHS:
        run.note(f"  {path}: {whole['requests', path]} requests, "
                 f"p99 {within(whole, path, 99)} ms")
    for why, many in bad_lines(whole):
        run.note(f"  bad lines: {many}: {why}")


def sum_up_chunk(log, chunk):
    with common.Item(f"bytes {chunk[0]} to {chunk[1]}", CHUNK) as item:
        answer = sum_up(parse(log, chunk))
        lines = sum(many for key, many in answer.items() if key[0] in ["requests", "bad lines"])
        item.end(lines, f"{item.label}: {lines} lines")
    return item, answer
# ANCHOR_END: sum_up_all


if __name__ == "__main__":
    sys.exit(main())
