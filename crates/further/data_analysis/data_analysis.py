"""A large log on all cores: cut where lines end, summed up in chunks, and the sums merged.

Run:   python3 crates/further/data_analysis/data_analysis.py
Watch: the lanes of the pool; only names of chunks and sums cross between the processes.
"""

import csv
import random
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "common"))
import common

CHUNK = common.Kind("chunk", "parsed", "chunks")
PATHS = {"/": 5, "/search": 90, "/products": 30, "/cart": 18, "/checkout": 160}


def main():
    sections = ["whole in memory", "line by line", "a pool of processes"]
    options = {"megabytes": 8, "chunk": 1000, "workers": common.CORES}
    with common.Run("processes", sections, CHUNK, **options) as run:
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder, "requests.csv")
            make_log(log, run.options.megabytes * 1_000_000)
            sum_up_all(run, log)
    return run.finish()


def make_log(log, size):
    chance, written = random.Random(16), 0
    with log.open("w", newline="") as file:
        while written < size:
            path = chance.choice(list(PATHS))
            status = 503 if chance.random() < 0.01 else 200
            took = PATHS[path] * chance.expovariate(1)
            hour, second = divmod(6 * 3600 * written // size, 3600)
            time = f"2026-03-02T{hour + 6:02}:{second // 60:02}:{second % 60:02}Z"
            written += file.write(f"{time},{path},{status},{chance.randrange(20_000)},{took:.0f}\n")


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


def sum_up_chunk(log, chunk):
    with common.Item(f"bytes {chunk[0]} to {chunk[1]}", CHUNK) as item:
        answer = sum_up(parse(log, chunk))
        requests = sum(many for key, many in answer.items() if key[0] == "requests")
        item.end(requests, f"{item.label}: {requests} requests")
    return item, answer


def parse(log, chunk):
    return csv.reader(lines(log, chunk), quoting=csv.QUOTE_NONE)


def lines(log, chunk):
    """A generator: it has one line at a time."""
    start, end = chunk
    with log.open("rb") as file:
        file.seek(start)
        while file.tell() < end:
            yield file.readline().decode()


def sum_up(rows):
    answer = Counter()  # two of them are merged by `update`
    for row in rows:
        try:
            time, path, status, size, took = row
            status, size, took = int(status), int(size), int(took)
        except ValueError:
            answer["bad lines", ""] += 1
            continue
        answer["requests", path] += 1
        answer["bytes", path] += size
        answer["times", path, took] += 1
        answer["errors", time[:13]] += status >= 500
    return answer
# ANCHOR_END: sum_up_all


def cut(log, size):
    """Where a chunk ends, a line ends."""
    with log.open("rb") as file:
        start = 0
        while start < log.stat().st_size:
            file.seek(start + size - 1)
            file.readline()
            end = min(file.tell(), log.stat().st_size)
            yield start, end
            start = end


def within(answer, path, part):
    times = sorted((key[2], many) for key, many in answer.items() if key[:2] == ("times", path))
    so_far, rank = 0, -(-answer["requests", path] * part // 100)
    for took, many in times:
        so_far += many
        if so_far >= rank:
            return took


if __name__ == "__main__":
    sys.exit(main())
